use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = (tenant, endpoint)))] //~ ERROR found it in a combination
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
