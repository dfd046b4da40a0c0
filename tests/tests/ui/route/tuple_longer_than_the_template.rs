#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any)]
#[get("/{year}")]
async fn handler(_: web::Path<(u16, u8)>) -> &'static str { //~ ERROR has 1 segment, found a `web::Path` of 2 values
    loop {}
}

fn main() {}
