#![deny(warnings)]

use actix_web::get;
use secure_runtime::secure;

#[secure(public)]
#[get("/health")]
async fn health() -> &'static str {
    ""
}

#[secure(roles = "admin")]
#[get("/users")]
async fn users() -> &'static str {
    ""
}

// A warning is one of the compiler: an attribute at the handler can allow it.
#[allow(deprecated)]
#[secure]
#[get("/orders/{id}")]
async fn order() -> &'static str {
    ""
}

fn main() {
    let _ = actix_web::App::new().service(health).service(users).service(order);
}
