use actix_web::{get, web};
use secure_runtime::{Denial, Principal, secure};

async fn is_nice(_: &Principal) -> Result<(), Denial> {
    Ok(())
}

#[secure(roles = "clerk", check = is_nice, rate = "100/h")] //~ ERROR takes the caller alone
#[get("/orders/{id}")]
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
