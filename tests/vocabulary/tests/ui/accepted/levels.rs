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

// A warning is the compiler's own: it can be silenced where it stands.
#[allow(deprecated)]
#[secure]
#[get("/orders/{id}")]
async fn order() -> &'static str {
    ""
}

fn main() {
    let _ = actix_web::App::new().service(health).service(users).service(order);
}
