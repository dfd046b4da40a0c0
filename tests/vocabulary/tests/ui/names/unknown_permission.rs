use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(permissions = "orders:wriet")] //~ ERROR unknown permission `orders:wriet`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
