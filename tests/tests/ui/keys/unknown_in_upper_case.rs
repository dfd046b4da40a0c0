use actix_web::get;
use secure_runtime::secure;

#[secure(ROLES = "admin")] //~ ERROR unknown key `ROLES`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
