use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin", rate = "10/s", objects(any, reason = "a test"))]
#[get("/reset/{token}")] //~ ERROR `token` is a secret in the URL
async fn handler() -> &'static str {
    ""
}

fn main() {}
