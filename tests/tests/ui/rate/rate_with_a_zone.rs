use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/d", zone = "UTC"))] //~ ERROR unknown option `zone` of `rate`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
