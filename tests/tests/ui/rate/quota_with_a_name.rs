use actix_web::get;
use secure_runtime::secure;

#[secure(quota = login)] //~ ERROR a quota such as
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
