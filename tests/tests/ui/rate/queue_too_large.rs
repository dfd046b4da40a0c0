use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 10001, wait = "500ms"))] //~ ERROR expects at most 10000
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
