use actix_web::{Responder, get};
use secure_runtime::secure;

secure_runtime::vocabulary! {
    pub enum Permission = permissions;
}

#[secure(roles = Permission::OrdersRead)] //~ ERROR unknown role `OrdersRead`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
