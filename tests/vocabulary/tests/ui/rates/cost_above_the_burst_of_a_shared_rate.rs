use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(rate(exports, burst = 9))] //~ ERROR `burst` expects at most 3, the permits of the shared rate `exports`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
