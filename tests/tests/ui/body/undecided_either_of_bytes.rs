use actix_web::{post, web};
use secure_runtime::secure;

#[secure(roles = "customer")]
#[post("/")]
async fn handler(body: web::Either<web::Json<u32>, web::Bytes>) -> &'static str { //~ ERROR holds a raw body
    loop {}
}

fn main() {}
