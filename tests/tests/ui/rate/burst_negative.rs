use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", burst = -1))] //~ ERROR whole number up to
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
