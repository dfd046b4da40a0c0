use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 4294967296, wait = "500ms"))] //~ ERROR expects a whole number up to
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
