use actix_web::get;
use secure_runtime::secure;

#[secure(allow = let Some(it) = caller.tenant() && it == "a")] //~ ERROR `allow` expects a condition, found `let`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
