use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in "10.0.0.0/33")] //~ ERROR expected a prefix length
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
