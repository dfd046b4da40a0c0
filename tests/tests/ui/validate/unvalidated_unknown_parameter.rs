use actix_web::{post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {}

#[secure(validate(order), unvalidated(body, reason = "opaque"))] //~ ERROR found `body`
#[post("/")]
async fn handler(order: web::Json<NewOrder>) -> &'static str {
    let _ = order;
    ""
}

fn main() {}
