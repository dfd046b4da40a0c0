use actix_web::get;
use secure_runtime::secure;

#[secure(roles = any("admin", "owner"), allow = role("admin"))] //~ ERROR demanded already
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
