use actix_web::get;
use secure_runtime::secure;

#[secure(allow = time in "00:00-24:00 UTC")] //~ ERROR `allow` always holds
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
