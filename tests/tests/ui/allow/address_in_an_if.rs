use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = if address in "10.0.0.0/8" { **id > 3 } else { true })] //~ ERROR `address in …` cannot be part of another expression
#[get("/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
