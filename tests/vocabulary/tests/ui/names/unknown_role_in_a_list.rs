use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = any("admin", "treasurer"))] //~ ERROR unknown role `treasurer`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
