#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[derive(serde::Deserialize)]
struct Day {}

#[secure(objects = any)]
#[get("/")]
async fn handler(_: web::Path<Day>) -> &'static str { //~ ERROR has 0 segments, found a `web::Path` of 1 value
    loop {}
}

fn main() {}
