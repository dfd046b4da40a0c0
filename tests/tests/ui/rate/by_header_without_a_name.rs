use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = header()))] //~ ERROR found nothing
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
