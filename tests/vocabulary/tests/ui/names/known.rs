use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(
    roles = any("auditor", "viewer"),
    scopes = "orders",
    permissions = all("orders:read", "orders:write"),
    rate(login, by = address)
)]
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
