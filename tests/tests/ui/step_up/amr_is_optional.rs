use actix_web::get;
use secure_runtime::secure;

#[secure(auth = optional, amr = "otp")] //~ ERROR `auth = optional` admits anonymous callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
