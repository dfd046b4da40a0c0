use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = "address"))] //~ ERROR a word or a call
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
