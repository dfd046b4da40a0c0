use actix_web::{post, web};
use secure_runtime::secure;

#[secure(roles = "customer")]
#[post("/")]
async fn handler(prices: web::Json<std::collections::HashMap<String, u32>>) -> &'static str { //~ ERROR `prices: Json<HashMap<…>>` holds a body without validation rules
    loop {}
}

fn main() {}
