use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure] //~ ERROR a policy for files expects keys that demand something, found `public`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
