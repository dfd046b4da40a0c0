use actix_web::{get, web};
use secure_runtime::secure;

#[secure(websocket = "chat")] //~ ERROR `websocket` expects no value
#[get("/")]
async fn handler(stream: web::Payload) -> &'static str {
    loop {}
}

fn main() {}
