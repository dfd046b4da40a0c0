use actix_web::get;
use secure_runtime::secure;

#[secure(rate = [])] //~ ERROR found an empty list
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
