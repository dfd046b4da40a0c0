use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/orders/{id}")] //~ ERROR `{id}` names an object, and any caller can request any object
async fn handler() -> &'static str {
    ""
}

fn main() {}
