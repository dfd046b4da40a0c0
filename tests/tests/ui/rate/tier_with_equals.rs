use actix_web::get;
use secure_runtime::secure;

#[secure(rate(tier = "1/s"))] //~ ERROR `tier` expects tiers with rates
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
