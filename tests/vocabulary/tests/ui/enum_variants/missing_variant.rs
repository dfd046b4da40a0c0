use actix_web::{Responder, get};
use secure_runtime::{NameKind, TypedNames, secure};


pub enum Permission {
    OrderRead,
}

impl TypedNames for Permission {
    const KIND: NameKind = NameKind::Permission;
    const NAMES: &'static [(&'static str, &'static str)] = &[("OrdersRead", "orders:read")];
}

#[secure(permissions = Permission::OrdersRead)] //~ ERROR no variant
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
