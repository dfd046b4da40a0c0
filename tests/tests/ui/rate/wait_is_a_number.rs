use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 16, wait = 500))] //~ ERROR expects a time such as
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
