use actix_web::get;
use secure_runtime::secure;

#[secure(permissions = "refund", public)] //~ ERROR `public` cannot be combined with `permissions`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
