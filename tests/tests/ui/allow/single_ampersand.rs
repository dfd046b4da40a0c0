use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a") & role("b"))] //~ ERROR expected it to be an operand
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
