use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin", allow = role("admin") || role("owner"))] //~ ERROR decides nothing
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
