use actix_web::get;
use secure_runtime::secure;

#[secure(auth = all(jwt, jwt))] //~ ERROR twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
