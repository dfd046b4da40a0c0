use actix_web::get;
use secure_runtime::secure;

#[secure(rate(tier(free = login, pro = api, gold = api)))] //~ ERROR unknown tier `gold`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
