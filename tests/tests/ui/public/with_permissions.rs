use actix_web::get;
use secure_runtime::secure;

#[secure(permissions = "refund", public)] //~ ERROR found `permissions`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
