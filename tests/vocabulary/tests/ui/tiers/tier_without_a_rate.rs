use actix_web::get;
use secure_runtime::secure;

#[secure(rate(tier(free = "1/s", pro = "5/s")))] //~ ERROR `enterprise` has none
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
