use actix_web::get;
use secure_runtime::secure;

#[secure(auth = optional, permissions = "a")] //~ ERROR admits anonymous callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
