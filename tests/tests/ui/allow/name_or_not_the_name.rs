use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a") || !role("a"))] //~ ERROR always holds
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
