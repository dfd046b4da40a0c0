use actix_web::get;
use secure_runtime::secure;

#[secure(acr = ["mfa", "phr"])] //~ ERROR a list of names in `acr` expects `any`, found a list alone
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
