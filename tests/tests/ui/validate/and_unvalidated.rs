use actix_web::{post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {}

#[secure(validate(order), unvalidated(order, reason = "opaque"))] //~ ERROR `order` is in `validate` and in `unvalidated`
#[post("/")]
async fn handler(order: web::Json<NewOrder>) -> &'static str {
    let _ = order;
    ""
}

fn main() {}
