use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", cost = 11))] //~ ERROR at most 10
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
