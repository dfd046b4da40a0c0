use actix_web::{get, web};
use secure_runtime::secure;

#[secure]
#[get("/")]
async fn handler(_: web::Bytes) -> &'static str { //~ ERROR a `GET` request has no body, found `Bytes`
    loop {}
}

fn main() {}
