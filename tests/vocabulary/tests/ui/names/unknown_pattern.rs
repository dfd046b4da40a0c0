use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(permissions = "orders:*")] //~ ERROR unknown permission `orders:*`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
