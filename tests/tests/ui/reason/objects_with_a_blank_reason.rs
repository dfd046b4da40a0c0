use actix_web::get;
use secure_runtime::secure;

#[secure(objects(any, reason = ""))] //~ ERROR `reason` expects a sentence, found nothing
#[get("/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
