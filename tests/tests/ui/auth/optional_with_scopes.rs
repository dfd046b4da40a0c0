use actix_web::get;
use secure_runtime::secure;

#[secure(scopes = "a", auth = optional)] //~ ERROR admits anonymous callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
