use actix_web::get;
use secure_runtime::secure;

#[secure(quota = ["10/day", "320/month"])] //~ ERROR `320/month` has no effect
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
