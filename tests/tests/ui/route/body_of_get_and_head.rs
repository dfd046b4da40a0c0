use actix_web::{route, web};
use secure_runtime::secure;

#[secure(unvalidated(body, reason = "a test"))]
#[route("/", method = "GET", method = "HEAD")]
async fn handler(body: web::Bytes) -> &'static str { //~ ERROR a `GET` request has no body, found `Bytes`
    loop {}
}

fn main() {}
