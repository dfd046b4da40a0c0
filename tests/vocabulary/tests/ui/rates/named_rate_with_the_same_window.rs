use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(rate = ["5/s", api])] //~ ERROR `rate` expects different windows
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
