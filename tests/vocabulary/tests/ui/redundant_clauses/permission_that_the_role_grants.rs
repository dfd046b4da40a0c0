use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = "viewer", permissions = "orders:read")] //~ ERROR the permission `orders:read` is demanded already
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
