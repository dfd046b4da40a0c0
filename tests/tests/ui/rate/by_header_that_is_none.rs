use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = header("x client")))] //~ ERROR expects the name of a header
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
