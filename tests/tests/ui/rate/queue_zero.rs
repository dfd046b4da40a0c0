use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 0, wait = "500ms"))] //~ ERROR expects at least 1
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
