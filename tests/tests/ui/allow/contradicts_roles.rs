use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin", allow = !role("admin"))] //~ ERROR contradicts the other keys
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
