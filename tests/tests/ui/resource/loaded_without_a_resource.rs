use actix_web::get;
use secure_runtime::{Loaded, secure};

#[secure(allow = document.len() == 3)] //~ ERROR `String` is not a resource
#[get("/documents/{id}")]
async fn handler(document: Loaded<String>) -> &'static str {
    let _ = document;
    ""
}

fn main() {}
