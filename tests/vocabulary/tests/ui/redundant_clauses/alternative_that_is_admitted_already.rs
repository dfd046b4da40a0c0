use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = any("viewer", "admin"))] //~ ERROR `admin` has no effect: it includes `viewer`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
