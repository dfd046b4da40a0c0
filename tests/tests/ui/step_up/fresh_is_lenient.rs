use actix_web::get;
use secure_runtime::secure;

#[secure(auth = lenient(jwt), fresh = "5m")] //~ ERROR admits anonymous callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
