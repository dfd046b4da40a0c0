use actix_web::{Responder, get};
use secure_runtime::secure;

secure_runtime::vocabulary! {
    pub enum Permission = permissions;
}

#[secure(allow = permission(Permission::OrdersRaed) || caller.subject() == "root")] //~ ERROR unknown permission `OrdersRaed`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
