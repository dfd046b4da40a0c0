use actix_web::{get, web};
use secure_runtime::{Principal, secure};

async fn owns(_: &Principal, _: &web::Path<u32>) -> Result<(), actix_web::Error> {
    Ok(())
}

#[secure(check = owns(id))] //~ ERROR found `Result<(), Error>`
#[get("/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
