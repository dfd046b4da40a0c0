use actix_web::{Responder, get};
use secure_runtime::secure;

pub enum Permission {
    OrdersRead,
}

#[secure(permissions = Permission::OrdersRead)] //~ ERROR `OrdersRead` may be `orders.read` or `orders:read`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
