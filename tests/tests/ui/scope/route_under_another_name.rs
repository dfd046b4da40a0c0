use actix_web::get as fetch;
use secure_runtime::secure;

#[secure(roles = "admin")]
#[fetch("/")]
async fn handler() -> &'static str { //~ ERROR is not a function of the handler
    ""
}

fn main() {}
