use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = *path > 7 && !(*path > 7))] //~ ERROR `allow` is always false: no request satisfies it
#[get("/orders/{id}")]
async fn handler(path: web::Path<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
