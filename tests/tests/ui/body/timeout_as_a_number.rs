use actix_web::{post, web};
use secure_runtime::secure;

#[secure(body_timeout = 30, unvalidated(body, reason = "a test"))] //~ ERROR expects a time as a string literal
#[post("/")]
async fn handler(body: web::Bytes) -> &'static str {
    loop {}
}

fn main() {}
