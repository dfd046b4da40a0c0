use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = **id as u64 < 5)] //~ ERROR `allow` expects an expression
#[get("/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
