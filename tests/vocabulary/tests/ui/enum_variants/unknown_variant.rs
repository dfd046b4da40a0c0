use actix_web::{Responder, get};
use secure_runtime::secure;

secure_runtime::vocabulary! {
    pub enum Permission = permissions;
}

#[secure(permissions = Permission::OrdersWriet)] //~ ERROR unknown permission `OrdersWriet`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
