use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any, rate("10/s", cost = response))] //~ ERROR `cost` reserves the name `response` for the response
#[get("/{page}")]
async fn handler(response: web::Path<String>) -> &'static str {
    ""
}

fn main() {}
