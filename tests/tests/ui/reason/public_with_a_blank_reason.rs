use actix_web::get;
use secure_runtime::secure;

#[secure(public(reason = " "))] //~ ERROR `reason` expects a sentence, found nothing
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
