use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "5m", fresh = "1h")] //~ ERROR `fresh` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
