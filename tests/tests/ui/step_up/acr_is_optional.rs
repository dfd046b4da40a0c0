use actix_web::get;
use secure_runtime::secure;

#[secure(auth = optional, acr = "mfa")] //~ ERROR `auth = optional` admits anonymous callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
