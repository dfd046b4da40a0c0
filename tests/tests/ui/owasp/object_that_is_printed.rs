use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = { println!("{id}"); request.path().len() > 3 })]
#[get("/{id}")] //~ ERROR `{id}` names an object
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
