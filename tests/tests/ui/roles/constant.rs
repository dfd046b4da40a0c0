use actix_web::get;
use secure_runtime::secure;

const ROLE: &str = "admin";

#[secure(roles = ROLE)] //~ ERROR `roles` expects a string literal, found `ROLE`
#[get("/")]
async fn handler() -> &'static str {
    ROLE
}

fn main() {}
