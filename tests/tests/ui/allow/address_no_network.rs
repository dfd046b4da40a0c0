use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in "localhost")] //~ ERROR is not an IP address
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
