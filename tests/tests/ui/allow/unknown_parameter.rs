use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = *pth == 7)] //~ ERROR cannot find value `pth`
#[get("/")]
async fn handler(path: web::Query<u32>) -> &'static str {
    let _ = path;
    ""
}

fn main() {}
