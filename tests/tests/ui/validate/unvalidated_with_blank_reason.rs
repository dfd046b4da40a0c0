use actix_web::{post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {}

#[secure(unvalidated(order, reason = " "))] //~ ERROR found nothing
#[post("/")]
async fn handler(order: web::Json<NewOrder>) -> &'static str {
    let _ = order;
    ""
}

fn main() {}
