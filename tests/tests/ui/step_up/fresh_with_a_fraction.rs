use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "1.5h")] //~ ERROR unknown unit `.5h`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
