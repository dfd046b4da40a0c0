use actix_web::get;
use secure_runtime::secure;

#[secure(quota = "100/h")] //~ ERROR found `h`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
