use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", mode = "100%"))] //~ ERROR `mode` expects 1% to 99%
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
