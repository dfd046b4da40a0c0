use actix_web::get;
use secure_runtime::secure;

#[secure(rate(tier()))] //~ ERROR expects at least two tiers, found none
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
