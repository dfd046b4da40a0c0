use actix_web::head;
use secure_runtime::secure;

#[secure(unvalidated(body, reason = "a test"))]
#[head("/")]
async fn handler(body: String) -> &'static str { //~ ERROR a `HEAD` request has no body, found `String`
    loop {}
}

fn main() {}
