use actix_web::get;
use secure_runtime::secure;

#[secure(scopes = "orders:read orders:write")] //~ ERROR without whitespace
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
