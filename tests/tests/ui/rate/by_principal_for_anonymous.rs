use actix_web::get;
use secure_runtime::secure;

#[secure(rate(anonymous = "10/s", by = principal))] //~ ERROR found `anonymous`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
