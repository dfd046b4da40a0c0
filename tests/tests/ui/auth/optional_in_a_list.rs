use actix_web::get;
use secure_runtime::secure;

#[secure(auth = any(jwt, optional))] //~ ERROR stands alone
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
