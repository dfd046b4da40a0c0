use actix_web::{post, web};
use secure_runtime::secure;

#[derive(validator::Validate)]
struct NewOrder {}

#[secure(roles = "customer", validate(order))]
#[post("/")]
async fn handler(order: web::Json<NewOrder>) -> &'static str { //~ ERROR Deserialize
    let _ = order;
    ""
}

fn main() {}
