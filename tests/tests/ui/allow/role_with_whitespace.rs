use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a b"))] //~ ERROR without whitespace
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
