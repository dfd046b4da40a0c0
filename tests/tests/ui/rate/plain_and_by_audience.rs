use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", anonymous = "1/s"))] //~ ERROR found both
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
