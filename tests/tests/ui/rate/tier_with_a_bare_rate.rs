use actix_web::get;
use secure_runtime::secure;

#[secure(rate(tier(free = "1/s", "2/s")))] //~ ERROR `tier` expects tiers with rates
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
