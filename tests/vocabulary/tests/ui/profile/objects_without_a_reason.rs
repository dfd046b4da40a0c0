use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin", rate = "10/s", objects = any)] //~ ERROR `objects = any` expects a reason
#[get("/orders/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
