use actix_web::{Responder, get};
use secure_runtime::secure;

secure_runtime::policy! {
    pub careful = (rate = login); //~ ERROR a `pub` policy expects a rate as a string literal
}

#[secure(use = careful)]
#[get("/")]
async fn handler() -> impl Responder {
    ""
}

fn main() {}
