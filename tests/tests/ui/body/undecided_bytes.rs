use actix_web::{post, web};
use secure_runtime::secure;

#[secure]
#[post("/")]
async fn handler(body: web::Bytes) -> &'static str { //~ ERROR holds a raw body
    loop {}
}

fn main() {}
