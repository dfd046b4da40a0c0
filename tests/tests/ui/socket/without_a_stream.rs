use actix_web::get;
use secure_runtime::secure;

#[secure(websocket)] //~ ERROR `websocket` expects a parameter `web::Payload`
#[get("/")]
async fn handler() -> &'static str {
    loop {}
}

fn main() {}
