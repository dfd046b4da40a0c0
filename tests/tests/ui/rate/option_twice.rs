use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", burst = 5, burst = 6))] //~ ERROR given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
