use actix_web::get;
use secure_runtime::secure;

#[secure(quota = ["10/day", "10/month"])] //~ ERROR `10/day` has no effect
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
