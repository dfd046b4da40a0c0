use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any, rate("10/s", cost = "5"))] //~ ERROR expects a whole number
#[get("/{page}")]
async fn handler(page: web::Path<String>) -> &'static str {
    ""
}

fn main() {}
