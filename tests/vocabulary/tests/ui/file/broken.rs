use actix_web::{Responder, get};
use secure_runtime::secure;

#[secure(roles = "admin", rate = api)]
#[get("/orders")]
async fn orders() -> impl Responder {
    "orders"
}

// The mistake of the file is reported once, without further errors.
#[secure(roles = "admin", rate = login)]
#[get("/users")]
async fn users() -> impl Responder {
    "users"
}

secure_runtime::policy! {
    careful = (rate = login);
}

#[secure(use = careful, roles = "visitor")]
#[get("/visits")]
async fn visits() -> impl Responder {
    "visits"
}

fn main() {}
