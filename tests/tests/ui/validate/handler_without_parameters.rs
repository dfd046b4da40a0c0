use actix_web::get;
use secure_runtime::secure;

#[secure(validate(order))] //~ ERROR found `order`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
