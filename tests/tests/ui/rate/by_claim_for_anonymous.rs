use actix_web::get;
use secure_runtime::secure;

#[secure(rate(anonymous = "10/s", by = claim("org")))] //~ ERROR expects authenticated callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
