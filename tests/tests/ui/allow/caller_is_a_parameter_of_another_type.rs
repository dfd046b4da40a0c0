use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = caller.is_power_of_two())] //~ ERROR a parameter here
#[get("/{id}")]
async fn handler(caller: web::Path<u32>) -> &'static str {
    let _ = caller;
    ""
}

fn main() {}
