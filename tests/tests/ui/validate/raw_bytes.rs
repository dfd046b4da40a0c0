use actix_web::{post, web};
use secure_runtime::secure;

#[secure(validate(body))] //~ ERROR expects a body with a type
#[post("/")]
async fn handler(body: web::Bytes) -> &'static str {
    let _ = body;
    ""
}

fn main() {}
