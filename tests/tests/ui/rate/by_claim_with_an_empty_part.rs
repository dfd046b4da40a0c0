use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = claim("org..id")))] //~ ERROR expects the name of a claim
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
