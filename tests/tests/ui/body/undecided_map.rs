use actix_web::{post, web};
use secure_runtime::secure;

#[secure(roles = "customer")]
#[post("/")]
async fn handler(prices: web::Json<std::collections::HashMap<String, u32>>) -> &'static str { //~ ERROR holds a body without rules
    loop {}
}

fn main() {}
