use actix_web::get;
use secure_runtime::secure;

#[secure(public)]
#[get("/orders/{id}")] //~ ERROR anybody can request any object
async fn handler() -> &'static str {
    ""
}

fn main() {}
