use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", "100/h"))] //~ ERROR found a second one
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
