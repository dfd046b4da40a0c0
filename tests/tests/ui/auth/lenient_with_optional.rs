use actix_web::get;
use secure_runtime::secure;

#[secure(auth = lenient(jwt, optional))] //~ ERROR `optional` cannot be part of a list
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
