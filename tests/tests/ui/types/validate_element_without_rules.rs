use actix_web::{post, web};
use secure_runtime::secure;

#[derive(serde::Deserialize)]
struct NewOrder {}

#[secure(roles = "customer", validate(order))]
#[post("/{id}")]
async fn handler((path, order): (web::Path<u32>, web::Json<NewOrder>)) -> &'static str { //~ ERROR cannot be validated
    let _ = (path, order);
    ""
}

fn main() {}
