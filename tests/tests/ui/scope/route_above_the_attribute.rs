use actix_web::get;
use secure_runtime::secure;

#[get("/")]
#[secure]
async fn below() -> &'static str {
    ""
}

fn main() {
    secured(below); //~ ERROR no security policy
}

fn secured(_: impl secure_runtime::SecuredService) {}
