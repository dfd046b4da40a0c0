use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "viewer")] //~ ERROR unknown level `wran`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
