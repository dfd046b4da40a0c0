use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = all("viewer", "admin"))] //~ ERROR the role `viewer` has no effect: the role `admin` implies it
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
