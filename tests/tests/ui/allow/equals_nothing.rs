use actix_web::get;
use secure_runtime::secure;

#[secure(allow =)] //~ ERROR found nothing
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
