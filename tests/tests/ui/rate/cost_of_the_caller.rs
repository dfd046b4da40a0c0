use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any, rate("10/s", cost = caller.subject().len() as u32))] //~ ERROR found `caller`
#[get("/{page}")]
async fn handler(page: web::Path<String>) -> &'static str {
    ""
}

fn main() {}
