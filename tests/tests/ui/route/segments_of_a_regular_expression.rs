use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any)]
#[get(r"/{year:\d{4}}/{tail:.*}")]
async fn handler(_: web::Path<String>) -> &'static str { //~ ERROR has 2 segments, found a `web::Path` of 1 value
    loop {}
}

fn main() {}
