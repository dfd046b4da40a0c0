use actix_web::get;
use secure_runtime::secure;

#[secure(allow = "admin")] //~ ERROR mismatched types
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
