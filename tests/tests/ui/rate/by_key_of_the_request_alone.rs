use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = key(request.path().len())))] //~ ERROR expected another limit beside it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
