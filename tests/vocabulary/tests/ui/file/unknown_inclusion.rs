use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = "viewer")]
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

// The mistake is reported once for all endpoints.
#[secure(roles = "admin")]
#[get("/users")]
async fn users() -> impl Responder {
    "users"
}

fn main() {}
