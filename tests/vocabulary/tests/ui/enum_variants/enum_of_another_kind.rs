use actix_web::{Responder, get};
use secure_runtime::{NameKind, TypedNames, secure};


pub enum Permission {
    Admin,
}

impl TypedNames for Permission {
    const KIND: NameKind = NameKind::Permission;
    const NAMES: &'static [(&'static str, &'static str)] = &[("Admin", "admin")];
}

#[secure(roles = Permission::Admin)] //~ ERROR this enum's `Admin` is not the role `admin`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
