use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = "Viewer")] //~ ERROR unknown role `Viewer`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
