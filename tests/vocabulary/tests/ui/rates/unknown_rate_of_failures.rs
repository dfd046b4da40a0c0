use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(failures = logins)] //~ ERROR unknown rate `logins`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
