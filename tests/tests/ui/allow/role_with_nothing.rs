use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role())] //~ ERROR found nothing
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
