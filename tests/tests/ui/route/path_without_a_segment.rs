#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any)]
#[get("/")]
async fn handler(_: web::Path<u32>) -> &'static str { //~ ERROR has 0 segments, found a `web::Path` of 1 value
    loop {}
}

fn main() {}
