use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = role("admin") || time in "Mon-Fri 09:00-17:00 UTC")]
#[get("/{id}")] //~ ERROR `{id}` names an object
async fn handler(id: web::Path<u32>) -> String {
    id.to_string()
}

fn main() {}
