use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency = "8/s")] //~ ERROR expects a whole number
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
