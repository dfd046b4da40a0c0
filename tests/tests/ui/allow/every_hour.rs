use actix_web::get;
use secure_runtime::secure;

#[secure(allow = time in "00:00-24:00 UTC")] //~ ERROR `allow` is always true: every request satisfies it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
