use actix_web::get;
use secure_runtime::secure;

#[secure(public, roles = "admin")] //~ ERROR `public` cannot be combined with `roles`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
