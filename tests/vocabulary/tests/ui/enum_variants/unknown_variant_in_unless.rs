use actix_web::{Responder, get};
use secure_runtime::secure;

secure_runtime::vocabulary! {
    pub enum Permission = permissions;
}

#[secure(rate("9/s", unless = permission(Permission::Orders)))] //~ ERROR unknown permission `Orders`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
