use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", burst = 5, cost = 6))] //~ ERROR at most 5
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
