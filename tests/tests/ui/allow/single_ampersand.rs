use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a") & role("b"))] //~ ERROR `role(…)` cannot be part of another expression
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
