use actix_web::get;
use secure_runtime::secure;

#[secure(auth = jwt, allow = authenticator("jwt"))] //~ ERROR `allow` is always true: every request satisfies it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
