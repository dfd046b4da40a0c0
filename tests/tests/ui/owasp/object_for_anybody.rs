use actix_web::get;
use secure_runtime::secure;

#[secure(public)]
#[get("/orders/{id}")] //~ ERROR anybody may ask for any of them
async fn handler() -> &'static str {
    ""
}

fn main() {}
