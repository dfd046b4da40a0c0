use actix_web::get;
use secure_runtime::secure;

#[secure(public, scopes = "orders:read")] //~ ERROR `public` cannot be combined with `scopes`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
