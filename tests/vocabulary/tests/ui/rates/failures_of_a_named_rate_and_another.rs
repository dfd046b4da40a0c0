use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(failures(login, "10/h"))] //~ ERROR expects one rate, found a second one
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
