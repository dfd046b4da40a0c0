#![deny(warnings)]

use actix_web::{get, post, web};
use secure_runtime::secure;

#[secure(public(reason = "for the load balancer", until = "9999-12-31"))]
#[get("/health")]
async fn health() -> &'static str {
    ""
}

#[secure(rate = "10/s", objects(any, reason = "every customer sees every article"))]
#[get("/articles/{id}")]
async fn article(_: web::Path<u32>) -> &'static str {
    ""
}

#[secure(auth = optional, rate(anonymous = "10/h", authenticated = "100/h"))]
#[post("/questions")]
async fn ask() -> &'static str {
    ""
}

fn main() {
    let _ = actix_web::App::new().service(health).service(article).service(ask);
}
