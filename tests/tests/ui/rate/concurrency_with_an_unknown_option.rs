use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, quue = 16, wait = "1s"))] //~ ERROR unknown option `quue`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
