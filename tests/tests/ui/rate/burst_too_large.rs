use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", burst = 4294967296))] //~ ERROR whole number up to
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
