use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "ad\u{200b}min")] //~ ERROR visible characters
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
