use actix_web::put;
use secure_runtime::secure;

#[secure(auth = optional, rate(authenticated = "10/s"))] //~ ERROR `PUT` is open to anonymous callers
#[put("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
