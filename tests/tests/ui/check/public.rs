use actix_web::{get, web};
use secure_runtime::{Denial, Principal, secure};

async fn owns(_: &Principal, _: &web::Path<u32>) -> Result<(), Denial> {
    Ok(())
}

#[secure(public, check = owns)] //~ ERROR `public` cannot be combined with `check`
#[get("/orders/{id}")]
async fn handler(path: web::Path<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
