use actix_web::get;
use secure_runtime::secure;

#[secure(quota = "10/day", quota = "100/month")] //~ ERROR `quota` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
