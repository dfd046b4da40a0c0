use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = key(1 + 1)))] //~ ERROR found neither
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
