use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", cost = 0))] //~ ERROR `cost` expects at least 1
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
