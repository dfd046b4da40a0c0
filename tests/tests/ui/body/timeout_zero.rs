use actix_web::{post, web};
use secure_runtime::secure;

#[secure(body_timeout = "0s", unvalidated(body, reason = "a test"))] //~ ERROR no body would arrive in time
#[post("/")]
async fn handler(body: web::Bytes) -> &'static str {
    loop {}
}

fn main() {}
