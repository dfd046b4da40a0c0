use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(failures = login, failures = "3/min")] //~ ERROR expects different windows for a status
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
