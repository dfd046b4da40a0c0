use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("a", "b"))] //~ ERROR expects one name
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
