use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(queue = 16, wait = "500ms"))] //~ ERROR found options only
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
