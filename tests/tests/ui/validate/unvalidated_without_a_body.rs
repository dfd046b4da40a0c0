use actix_web::{get, web};
use secure_runtime::secure;

#[secure(roles = "admin", unvalidated(path, reason = "a number"))] //~ ERROR parameter with a body
#[get("/{id}")]
async fn handler(path: web::Path<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
