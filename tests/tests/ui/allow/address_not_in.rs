use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address not in "10.0.0.0/8")] //~ ERROR found `not`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
