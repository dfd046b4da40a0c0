use actix_web::get;
use secure_runtime::secure;

#[secure(objects)] //~ ERROR `objects` expects `any`, found nothing
#[get("/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
