use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, 16))] //~ ERROR expects a number of requests
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
