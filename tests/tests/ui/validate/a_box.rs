use actix_web::{post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct Order {}

#[secure(roles = "customer", validate(order))] //~ ERROR expects a body with rules
#[post("/")]
async fn handler(order: web::Json<Box<Order>>) -> &'static str {
    loop {}
}

fn main() {}
