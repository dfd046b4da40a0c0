use actix_web::get;
use secure_runtime::secure;

#[secure(permissions = "a\u{7}")] //~ ERROR visible characters
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
