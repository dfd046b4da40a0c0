use actix_web::get;
use secure_runtime::secure;

#[secure(public, allow = role("a"))] //~ ERROR found `role(…)`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
