use actix_web::get;
use secure_runtime::secure;

#[secure(auth = [jwt, api_key])] //~ ERROR `any` or `all`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
