use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, mode = observed))] //~ ERROR found `observed`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
