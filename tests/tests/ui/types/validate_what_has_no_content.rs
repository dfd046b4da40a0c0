use actix_web::{post, HttpRequest};
use secure_runtime::secure;

#[secure(roles = "customer", validate(request))]
#[post("/")]
async fn handler(request: HttpRequest) -> &'static str { //~ ERROR cannot be validated
    let _ = request;
    ""
}

fn main() {}
