use actix_web::get;
use secure_runtime::secure;

#[secure(public)] //~ ERROR `public` expects a reason
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
