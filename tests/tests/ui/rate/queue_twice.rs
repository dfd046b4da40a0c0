use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 1, queue = 2, wait = "500ms"))] //~ ERROR `queue` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
