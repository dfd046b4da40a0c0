use actix_web::route;
use secure_runtime::secure;

#[secure(public)] //~ ERROR `PATCH` is open to anonymous callers
#[route("/", method = "GET", method = "PATCH")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
