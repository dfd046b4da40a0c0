use actix_web::{get, web};
use secure_runtime::secure;

#[secure(auth = optional, allow = role("a") && *path > 7)] //~ ERROR admits anonymous callers
#[get("/orders/{id}")]
async fn handler(path: web::Path<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
