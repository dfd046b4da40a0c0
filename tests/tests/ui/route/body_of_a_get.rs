use actix_web::{get, web};
use secure_runtime::secure;

#[secure(validate(order))]
#[get("/")]
async fn handler(order: web::Json<u32>) -> &'static str { //~ ERROR a `GET` request has no body, found `Json`
    loop {}
}

fn main() {}
