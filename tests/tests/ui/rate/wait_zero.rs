use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 16, wait = "0ms"))] //~ ERROR in `"0ms"`: no request would wait, expected at least 1 ms
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
