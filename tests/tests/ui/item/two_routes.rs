use actix_web::{get, post};
use secure_runtime::secure;

#[secure]
#[get("/")]
#[post("/")] //~ ERROR found a second one
async fn handler() -> &'static str {
    loop {}
}

fn main() {}
