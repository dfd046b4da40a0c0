use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in [])] //~ ERROR at least one network
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
