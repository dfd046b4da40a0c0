use actix_web::{get, web};
use secure_runtime::{Denial, Principal, secure};

async fn owns(_: &Principal, _: &web::Path<u32>) -> Result<(), Denial> {
    Ok(())
}

#[secure(check = owns, check = owns)] //~ ERROR `check` names `owns` twice
#[get("/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
