use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a") and role("b"))] //~ ERROR expects an expression
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
