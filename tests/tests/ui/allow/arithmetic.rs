use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = *path + 1)] //~ ERROR cannot add
#[get("/orders/{id}")]
async fn handler(path: web::Path<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
