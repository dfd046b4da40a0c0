use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = if role("a") { *path > 7 } else { false })] //~ ERROR `role(…)` cannot be part of another expression
#[get("/orders/{id}")]
async fn handler(path: web::Path<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
