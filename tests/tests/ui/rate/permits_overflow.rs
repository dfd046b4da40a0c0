use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "4294967296/h")] //~ ERROR at most 4294967295 permits
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
