use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any, rate("10/s", cost = page.len() +))] //~ ERROR `cost` expects an expression, found an operator or nothing
#[get("/{page}")]
async fn handler(page: web::Path<String>) -> &'static str {
    ""
}

fn main() {}
