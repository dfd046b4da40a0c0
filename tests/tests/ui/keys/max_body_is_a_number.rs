use actix_web::get;
use secure_runtime::secure;

#[secure(max_body = 65536)] //~ ERROR `max_body` expects a size
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
