use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = if role("a") { *path > 7 } else { false })] //~ ERROR expected it to be an operand
#[get("/orders/{id}")]
async fn handler(path: web::Path<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
