use actix_web::get;
use secure_runtime::secure;

#[secure(allow = network in "10.0.0.0/8")] //~ ERROR expects `address` or `time`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
