use actix_web::get;
use secure_runtime::secure;

#[secure(auth = any(jwt, api_key), allow = authenticator("jwts") || role("a"))] //~ ERROR `auth` does not list the authenticator `jwts`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
