use actix_web::get;
use secure_runtime::secure;

#[secure(quota("100/month", burst = 10))] //~ ERROR unknown option `burst` of `quota`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
