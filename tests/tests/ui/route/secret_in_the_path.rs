#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[secure(public, objects = any)]
#[get("/{word}")]
async fn handler(password: web::Path<String>) -> &'static str { //~ ERROR `password` is a secret in the URL
    let _ = password;
    loop {}
}

fn main() {}
