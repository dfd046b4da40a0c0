use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in NETWORKS)] //~ ERROR `address in` expects a string literal, found `NETWORKS`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
