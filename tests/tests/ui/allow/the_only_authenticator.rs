use actix_web::get;
use secure_runtime::secure;

#[secure(auth = jwt, allow = authenticator("jwt"))] //~ ERROR always holds
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
