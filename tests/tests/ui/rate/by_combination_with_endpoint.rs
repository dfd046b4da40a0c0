use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = (tenant, endpoint)))] //~ ERROR `endpoint` counts all callers together
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
