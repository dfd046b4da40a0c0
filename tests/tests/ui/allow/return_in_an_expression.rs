use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = { if **id > 3 { return true; } false })] //~ ERROR expects an expression with a value, found `return`
#[get("/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
