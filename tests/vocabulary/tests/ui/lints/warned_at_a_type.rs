#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects(any, reason = "a test"))]
#[get("/{year}/{month}")]
async fn handler(_: web::Path<u16>) -> &'static str { //~ ERROR `/{year}/{month}` has 2 segments
    ""
}

fn main() {}
