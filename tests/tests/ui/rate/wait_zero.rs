use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 16, wait = "0ms"))] //~ ERROR nobody would wait
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
