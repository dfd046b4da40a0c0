use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin")]
#[get("/")]
async fn handler() -> &'static str { //~ ERROR `handler` expects a `rate` for authenticated callers
    ""
}

fn main() {}
