use std::sync::atomic::AtomicBool;

use actix_web::{get, web};
use secure_runtime::secure;

// The state of the application is the same for every `{id}`.
#[secure(allow = is_open.load(std::sync::atomic::Ordering::Relaxed))]
#[get("/{id}")] //~ ERROR `{id}` names an object
async fn handler(id: web::Path<u32>, is_open: web::Data<AtomicBool>) -> String {
    format!("{id} {is_open:?}")
}

fn main() {}
