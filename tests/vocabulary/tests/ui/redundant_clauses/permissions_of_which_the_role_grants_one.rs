use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = "viewer", permissions = any("orders:read", "orders:write"))] //~ ERROR `permissions = any("orders:read", "orders:write")` has no effect
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
