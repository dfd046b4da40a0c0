use actix_web::get;
use secure_runtime::secure;

#[secure(auth = lenient(jwt), allow = role("a") || scope("b"))] //~ ERROR `auth = lenient(…)` admits anonymous callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
