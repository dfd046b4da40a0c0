use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = **idd == 3)] //~ ERROR `allow` expects a parameter of the handler, found `idd`
#[get("/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
