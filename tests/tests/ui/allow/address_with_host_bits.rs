use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in "10.0.0.1/8")] //~ ERROR bits behind the prefix
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
