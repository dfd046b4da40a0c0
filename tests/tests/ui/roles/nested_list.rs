use actix_web::get;
use secure_runtime::secure;

#[secure(roles = any(all("a", "b"), "c"))] //~ ERROR expected a name
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
