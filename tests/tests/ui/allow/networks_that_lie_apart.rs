use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in "10.0.0.0/8" && address in "192.168.0.0/16")] //~ ERROR `allow` is always false: no request satisfies it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
