#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[derive(serde::Deserialize)]
struct AccessToken {}

#[secure(public)]
#[get("/")]
async fn handler(_: web::Query<AccessToken>) -> &'static str { //~ ERROR `AccessToken` is a secret in the URL
    loop {}
}

fn main() {}
