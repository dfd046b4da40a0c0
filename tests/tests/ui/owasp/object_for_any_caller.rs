use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/orders/{id}")] //~ ERROR any caller may ask for any of them
async fn handler() -> &'static str {
    ""
}

fn main() {}
