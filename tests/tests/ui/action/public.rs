use actix_web::get;
use secure_runtime::secure;

#[secure(public, action = "secrets:read")] //~ ERROR `public` cannot be combined with `action`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
