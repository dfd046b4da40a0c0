#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[secure(public)]
#[get("/")]
async fn handler(api_key: web::Query<String>) -> &'static str { //~ ERROR `api_key` is a secret in the URL
    let _ = api_key;
    loop {}
}

fn main() {}
