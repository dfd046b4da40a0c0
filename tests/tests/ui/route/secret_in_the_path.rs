#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[secure(public, objects = any)]
#[get("/{word}")]
async fn handler(password: web::Path<String>) -> &'static str { //~ ERROR `password` stands in the URL
    let _ = password;
    loop {}
}

fn main() {}
