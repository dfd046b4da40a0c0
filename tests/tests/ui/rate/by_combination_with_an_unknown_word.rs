use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = (tenant, adress)))] //~ ERROR found `adress`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
