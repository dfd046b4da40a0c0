use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a") || (role("a") && role("b")))] //~ ERROR this part of `allow` has no effect: the other parts imply it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
