use actix_web::{post, web};
use secure_runtime::secure;

#[secure(websocket)] //~ ERROR `websocket` expects a handler of `GET`, found `POST`
#[post("/")]
async fn handler(stream: web::Payload) -> &'static str {
    loop {}
}

fn main() {}
