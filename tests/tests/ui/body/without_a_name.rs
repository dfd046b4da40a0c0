use actix_web::{post, web};
use secure_runtime::secure;

#[secure]
#[post("/")]
async fn handler(_: web::Json<u32>) -> &'static str { //~ ERROR expects a name
    loop {}
}

fn main() {}
