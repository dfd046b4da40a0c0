use actix_web::web;
use secure_runtime::secure;

#[secure]
async fn handler(_: web::Path<u32>) -> &'static str { //~ ERROR `web::Path` names an object
    ""
}

fn main() {}
