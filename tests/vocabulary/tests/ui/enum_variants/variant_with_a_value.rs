use actix_web::{Responder, get};
use secure_runtime::{NameKind, TypedNames, secure};


pub enum Permission {
    OrdersRead(u8),
}

impl TypedNames for Permission {
    const KIND: NameKind = NameKind::Permission;
    const NAMES: &'static [(&'static str, &'static str)] = &[("OrdersRead", "orders:read")];
}

#[secure(permissions = Permission::OrdersRead)] //~ ERROR mismatched types
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
