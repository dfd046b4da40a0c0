use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "viewer")] //~ ERROR unknown profile `strickt`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
