use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "100 / h")] //~ ERROR no whitespace
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
