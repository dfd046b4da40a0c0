#![deny(deprecated)]

use actix_web::{get, web};
use secure_runtime::secure;

#[derive(serde::Deserialize)]
struct Login {
    password: String,
}

#[secure(public)]
#[get("/")]
async fn handler(web::Query(Login { password: word, .. }): web::Query<Login>) -> &'static str { //~ ERROR `password` is a secret in the URL
    let _ = word;
    loop {}
}

fn main() {}
