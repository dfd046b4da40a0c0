use actix_web::post;
use secure_runtime::secure;

#[secure(public)] //~ ERROR `POST` is open to anonymous callers
#[post("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
