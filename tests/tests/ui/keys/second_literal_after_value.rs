use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "a", "b")] //~ ERROR expected a key
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
