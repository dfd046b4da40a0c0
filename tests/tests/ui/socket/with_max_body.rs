use actix_web::{get, web};
use secure_runtime::secure;

#[secure(websocket, max_body = "1MiB")] //~ ERROR `max_body` limits a request body, and a `websocket` has none
#[get("/")]
async fn handler(stream: web::Payload) -> &'static str {
    loop {}
}

fn main() {}
