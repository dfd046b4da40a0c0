use actix_web::get;
use secure_runtime::secure;

#[secure(auth = optional, rate(anonymous = "10/h"))]
#[get("/")]
async fn handler() -> &'static str { //~ ERROR `handler` expects a `rate` for authenticated callers
    ""
}

fn main() {}
