use actix_web::get;
use secure_runtime::secure;

#[secure(allow = time in "09:00-12:00 UTC" && time in "13:00-17:00 UTC")] //~ ERROR `allow` is always false: no request satisfies it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
