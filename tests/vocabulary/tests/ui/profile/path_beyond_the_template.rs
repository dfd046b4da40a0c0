use actix_web::{get, web};
use secure_runtime::secure;

#[secure(roles = "admin", rate = "10/s", objects(any, reason = "a test"))]
#[get("/")]
async fn handler(_: web::Path<u32>) -> &'static str { //~ ERROR has 0 segments
    ""
}

fn main() {}
