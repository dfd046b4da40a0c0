use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = any("admin", "auditor"))] //~ ERROR unknown role `auditor`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
