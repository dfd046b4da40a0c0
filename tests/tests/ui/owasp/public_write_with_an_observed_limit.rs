use actix_web::post;
use secure_runtime::secure;

#[secure(public, rate("10/min", by = address, mode = observe))] //~ ERROR expected a `rate` that is enforced
#[post("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
