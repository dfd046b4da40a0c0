use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = [1, 2].iter().any(|id| *id == 2))]
#[get("/{id}")] //~ ERROR `{id}` names an object
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
