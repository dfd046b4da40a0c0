use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", burst = 11))] //~ ERROR `burst` expects at most 10, the permits of `10/s`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
