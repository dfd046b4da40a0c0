use actix_web::get;
use secure_runtime::secure;

#[secure(max_body = "99999999999GiB")] //~ ERROR below 2^64
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
