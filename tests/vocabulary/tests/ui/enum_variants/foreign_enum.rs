use actix_web::{Responder, get};
use secure_runtime::secure;

pub enum Permission {
    OrdersRead,
}

#[secure(permissions = Permission::OrdersRead)] //~ ERROR the variants of `Permission` are not names
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
