use actix_web::get;
use secure_runtime::secure;

#[secure(action = "read secrets")] //~ ERROR found `"read secrets"`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
