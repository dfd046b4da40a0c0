use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = caller.is_power_of_two())] //~ ERROR rules reserve the name `caller` for the caller
#[get("/{id}")]
async fn handler(caller: web::Path<u32>) -> &'static str {
    let _ = caller;
    ""
}

fn main() {}
