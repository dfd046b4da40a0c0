use actix_web::routes;
use secure_runtime::secure;

#[secure(rate = "10/s")]
#[routes]
#[get("/orders")]
#[get("/orders/{id}")] //~ ERROR `{id}` names an object
async fn handler() -> &'static str {
    ""
}

fn main() {}
