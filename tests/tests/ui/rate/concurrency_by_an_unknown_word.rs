use actix_web::get;
use secure_runtime::secure;

#[secure(concurrency(8, by = tennant))] //~ ERROR found `tennant`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
