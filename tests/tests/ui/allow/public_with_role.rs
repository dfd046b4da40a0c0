use actix_web::get;
use secure_runtime::secure;

#[secure(public, allow = role("a"))] //~ ERROR `public` cannot be combined with `role(…)`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
