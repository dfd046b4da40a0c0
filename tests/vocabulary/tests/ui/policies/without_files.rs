use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure] //~ ERROR no source file matches `src/amin/**`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
