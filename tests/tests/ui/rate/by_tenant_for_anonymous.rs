use actix_web::get;
use secure_runtime::secure;

#[secure(rate(by = tenant, anonymous = "2/s"))] //~ ERROR `by = tenant` expects authenticated callers
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
