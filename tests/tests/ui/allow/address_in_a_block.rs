use actix_web::get;
use secure_runtime::secure;

#[secure(allow = { address in "10.0.0.0/8" })] //~ ERROR `address in …` cannot be part of another expression
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
