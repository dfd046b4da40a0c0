use actix_web::get;
use secure_runtime::secure;

#[secure(public, concurrency(8, by = principal))] //~ ERROR expects nothing about the caller
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
