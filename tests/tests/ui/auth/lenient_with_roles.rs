use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "a", auth = lenient(session))] //~ ERROR admits anonymous callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
