use actix_web::get;
use secure_runtime::secure;

#[secure(allow = false)] //~ ERROR `allow` is always false: no request satisfies it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
