use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "0/h")] //~ ERROR zero permits
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
