use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = 1 < **id < 5)] //~ ERROR comparison operators cannot be chained
#[get("/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
