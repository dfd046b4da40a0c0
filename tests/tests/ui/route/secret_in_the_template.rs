#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[secure(public, objects = any)]
#[get("/reset/{token}")] //~ ERROR `token` is a secret in the URL
async fn handler(_: web::Path<String>) -> &'static str {
    loop {}
}

fn main() {}
