use actix_web::{get, web};
use secure_runtime::secure;

struct Foo;

#[secure(public, objects = any)]
#[get("/{id}")]
async fn handler(path: web::Path<u32>) -> Result<Foo, actix_web::Error> { //~ ERROR Responder
    let _ = path;
    Ok(Foo)
}

fn main() {}
