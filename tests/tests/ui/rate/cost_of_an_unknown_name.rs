use actix_web::{get, web};
use secure_runtime::secure;

#[secure(objects = any, rate("10/s", cost = pag.len() as u32))] //~ ERROR cannot find value `pag`
#[get("/{page}")]
async fn handler(page: web::Path<String>) -> &'static str {
    drop(page);
    ""
}

fn main() {}
