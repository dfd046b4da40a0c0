use actix_web::{Responder, get};
use secure_runtime::secure;

secure_runtime::vocabulary! {
    pub enum Permission = permissions;
}

#[secure(permissions = any("orders:read", Permission::OrdersRead))] //~ ERROR `permissions` names `orders:read` twice
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
