use actix_web::get;
use secure_runtime::secure;

#[secure(rate(by = tenant, tier(free = login, por = api)))] //~ ERROR unknown tier `por`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
