use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 16, wait = "5min"))] //~ ERROR unknown unit `min`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
