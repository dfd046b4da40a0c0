use actix_web::{post, web};
use secure_runtime::secure;

#[secure]
#[post("/")]
async fn handler(body: Result<web::Json<u32>, actix_web::Error>) -> &'static str { //~ ERROR holds a request body
    loop {}
}

fn main() {}
