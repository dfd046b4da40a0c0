use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = (tenant, address, tenant)))] //~ ERROR names `tenant` twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
