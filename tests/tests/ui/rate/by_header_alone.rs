use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = header("x-client")))] //~ ERROR expected another limit beside it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
