use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(failures(apis, on = [404], mode = observe))] //~ ERROR unknown rate `apis`
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

fn main() {}
