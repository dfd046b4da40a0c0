use actix_web::{Responder, get};
use secure_runtime::{NameKind, TypedNames, secure};


pub enum Permission {
    OrdersRead,
}

impl TypedNames for Permission {
    const KIND: NameKind = NameKind::Permission;
    const NAMES: &'static [(&'static str, &'static str)] = &[("OrdersRead", "orders:write")];
}

#[secure(permissions = Permission::OrdersRead)] //~ ERROR this enum's `OrdersRead` is not the permission `orders:read`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
