use actix_web::{get, web};
use secure_runtime::{Denial, Principal, secure};

async fn owns(caller: &Principal, id: &web::Path<u32>) -> Result<bool, Denial> {
    Ok(caller.subject() == id.to_string())
}

#[secure(check = owns(id))] //~ ERROR found `Result<bool, Denial>`
#[get("/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
