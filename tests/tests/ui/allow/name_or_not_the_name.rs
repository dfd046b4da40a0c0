use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a") || !role("a"))] //~ ERROR `allow` is always true: every request satisfies it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
