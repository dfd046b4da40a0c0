use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a") && || role("b"))] //~ ERROR found a closure
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
