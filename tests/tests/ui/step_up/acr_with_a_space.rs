use actix_web::get;
use secure_runtime::secure;

#[secure(acr = "mfa phr")] //~ ERROR without whitespace
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
