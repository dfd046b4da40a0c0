use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", burst = 0))] //~ ERROR `burst` expects at least 1
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
