use actix_web::{Responder, get};
use secure_runtime::secure;

secure_runtime::vocabulary! {
    pub enum Permission = permissions;
}

#[secure(permissions = OrdersRead)] //~ ERROR `permissions` expects a string literal, found `OrdersRead`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
