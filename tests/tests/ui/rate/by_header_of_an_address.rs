use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = header("X-Forwarded-For")))] //~ ERROR expected `by = address`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
