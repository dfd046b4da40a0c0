use actix_web::route;
use secure_runtime::secure;

#[secure(public)] //~ ERROR `PURGE` is open to anonymous callers
#[route("/cache", method = "PURGE")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
