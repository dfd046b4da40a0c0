use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(scopes = "order")] //~ ERROR unknown scope `order`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
