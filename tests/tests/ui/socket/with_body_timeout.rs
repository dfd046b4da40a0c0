use actix_web::{get, web};
use secure_runtime::secure;

#[secure(websocket, body_timeout = "1m")] //~ ERROR `body_timeout` limits a request body, and a `websocket` has none
#[get("/")]
async fn handler(stream: web::Payload) -> &'static str {
    loop {}
}

fn main() {}
