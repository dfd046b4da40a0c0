use actix_web::get;
use secure_runtime::secure;

#[secure(auth = lenient(jwt, optional))] //~ ERROR stands alone
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
