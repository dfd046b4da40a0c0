use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = "viewer", permissions = any("orders:read", "orders:write"))] //~ ERROR comes to it
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
