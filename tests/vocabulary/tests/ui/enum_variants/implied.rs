use actix_web::{Responder, get};
use secure_runtime::secure;

secure_runtime::vocabulary! {
    pub enum Role = roles;
}

#[secure(roles = all(Role::Viewer, Role::Admin))] //~ ERROR the role `viewer` is demanded already
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
