use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = { let _ = id; request.path().is_empty() })]
#[get("/{id}")] //~ ERROR `{id}` names an object
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
