use actix_web::{post, web};
use secure_runtime::secure;

#[secure(body_timeout = "25h", unvalidated(body, reason = "a test"))] //~ ERROR expected a time of at most 24 h
#[post("/")]
async fn handler(body: web::Bytes) -> &'static str {
    loop {}
}

fn main() {}
