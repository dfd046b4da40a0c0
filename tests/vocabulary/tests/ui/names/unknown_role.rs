use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = "veiwer")] //~ ERROR unknown role `veiwer`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
