use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, queue = 16, wait = "99999999999999999999s"))] //~ ERROR at most 60 s
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
