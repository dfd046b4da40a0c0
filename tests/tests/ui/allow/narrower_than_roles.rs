use actix_web::get;
use secure_runtime::secure;

#[secure(roles = any("admin", "owner"), allow = role("admin"))] //~ ERROR `roles = any("admin", "owner")` has no effect
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
