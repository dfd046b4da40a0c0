use actix_web::get;
use secure_runtime::secure;

#[secure(roles = any("a", "b", "a"))] //~ ERROR twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
