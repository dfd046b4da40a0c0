use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in "10.0.0.0/8" || address in "10.1.0.0/16")] //~ ERROR this part of `allow` has no effect: the other parts imply it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
