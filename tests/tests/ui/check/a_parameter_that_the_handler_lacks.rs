use actix_web::{get, web};
use secure_runtime::{Denial, Principal, secure};

async fn owns(_: &Principal, _: &web::Json<u32>) -> Result<(), Denial> {
    Ok(())
}

#[secure(check = owns)] //~ ERROR the handler has no parameter of the type `Json<u32>`
#[get("/orders/{id}")]
async fn handler(path: web::Path<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
