use actix_web::{post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {}

type Order = web::Json<NewOrder>;

#[secure]
#[post("/")]
async fn handler(order: Order) -> &'static str { //~ ERROR `order` holds a request body
    let _ = order;
    ""
}

fn main() {}
