use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 16, wait = "1s", wait = "2s"))] //~ ERROR `wait` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
