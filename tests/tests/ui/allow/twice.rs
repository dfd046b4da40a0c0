use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a"), allow = role("b"))] //~ ERROR given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
