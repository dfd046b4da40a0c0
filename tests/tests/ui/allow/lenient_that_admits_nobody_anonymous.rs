use actix_web::get;
use secure_runtime::secure;

#[secure(auth = lenient(jwt), allow = role("a") || scope("b"))] //~ ERROR and `allow` none of them
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
