use actix_web::get;
use secure_runtime::secure;

#[secure(public, scopes = "orders:read")] //~ ERROR found `scopes`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
