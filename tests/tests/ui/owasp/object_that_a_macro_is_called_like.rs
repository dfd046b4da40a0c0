use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = { macro_rules! id { () => { true } } id!() })]
#[get("/{id}")] //~ ERROR `{id}` names an object
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
