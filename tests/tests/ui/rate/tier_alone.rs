use actix_web::get;
use secure_runtime::secure;

#[secure(rate(tier(free = "1/s")))] //~ ERROR expects at least two tiers, found one
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
