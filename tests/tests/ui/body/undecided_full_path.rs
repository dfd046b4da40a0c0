use actix_web::post;
use secure_runtime::secure;

#[secure]
#[post("/")]
async fn handler(body: actix_web::web::Json<u32>) -> &'static str { //~ ERROR holds a request body
    loop {}
}

fn main() {}
