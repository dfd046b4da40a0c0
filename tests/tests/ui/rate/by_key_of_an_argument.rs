use actix_web::{get, web};
use secure_runtime::secure;
#[secure(objects = any, rate("10/s", by = key(page.len() + caller.subject().len())))] //~ ERROR `key` is evaluated before the body is read
#[get("/{page}")]
async fn handler(page: web::Path<String>) -> &'static str {
    ""
}

fn main() {}
