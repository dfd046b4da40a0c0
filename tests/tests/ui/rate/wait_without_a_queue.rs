use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, wait = "500ms"))] //~ ERROR expects a `queue` beside it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
