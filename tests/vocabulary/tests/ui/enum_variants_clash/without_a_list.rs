use actix_web::{Responder, get};
use secure_runtime::secure;

pub enum Role {
    Admin,
}

#[secure(roles = Role::Admin)] //~ ERROR `Admin` expects a list of all roles, found none
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
