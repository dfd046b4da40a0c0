use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any, rate("10/s", cost = page.len()))] //~ ERROR mismatched types
#[get("/{page}")]
async fn handler(page: web::Path<String>) -> &'static str {
    ""
}

fn main() {}
