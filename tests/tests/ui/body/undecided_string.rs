use actix_web::post;
use secure_runtime::secure;

#[secure]
#[post("/")]
async fn handler(body: String) -> &'static str { //~ ERROR holds a raw body
    loop {}
}

fn main() {}
