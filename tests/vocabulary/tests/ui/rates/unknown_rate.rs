use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(rate(anonymous = logins, authenticated = api))] //~ ERROR unknown rate `logins`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
