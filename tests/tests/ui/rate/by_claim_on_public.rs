use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate("10/s", by = claim("org")))] //~ ERROR expects nothing about the caller
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
