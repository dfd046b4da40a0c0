use actix_web::{routes, web};
use secure_runtime::secure;

#[secure(objects = any)]
#[routes]
#[get("/{year}")]
#[get("/{year}/{month}")]
async fn handler(_: web::Path<String>) -> &'static str { //~ ERROR has 2 segments, found a `web::Path` of 1 value
    loop {}
}

fn main() {}
