use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = all("viewer", "admin"))] //~ ERROR the role `viewer` is demanded already
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
