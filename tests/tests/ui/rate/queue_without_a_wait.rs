use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 16))] //~ ERROR expects a `wait` beside it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
