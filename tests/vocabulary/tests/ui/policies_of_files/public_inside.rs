use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(public)]
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
