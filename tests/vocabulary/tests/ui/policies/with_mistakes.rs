use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure] //~ ERROR unknown role `admni`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
