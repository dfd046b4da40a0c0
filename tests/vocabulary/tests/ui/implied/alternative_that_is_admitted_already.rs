use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = any("viewer", "admin"))] //~ ERROR `admin` is admitted already
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
