use actix_web::get;
use secure_runtime::secure;

#[secure(max_body = "0KiB")] //~ ERROR zero bytes
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
