use actix_web::get;
use secure_runtime::secure;

#[secure(content_type = "application/json; charset=utf-8")] //~ ERROR no parameters
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
