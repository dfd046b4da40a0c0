use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in internal)] //~ ERROR expects a string literal
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
