use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin", allow = role("admin") || role("owner"))] //~ ERROR `allow` has no effect: the other keys already demand all of it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
