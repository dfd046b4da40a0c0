use actix_web::{post, web};
use secure_runtime::secure;

#[secure(roles = "admin")]
#[post("/{id}")]
async fn handler(foo: std::vec::Vec<u32>, path: web::Path<u32>) -> &'static str { //~ ERROR not an extractor
    let _ = (foo, path);
    ""
}

fn main() {}
