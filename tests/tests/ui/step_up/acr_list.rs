use actix_web::get;
use secure_runtime::secure;

#[secure(acr = ["mfa", "phr"])] //~ ERROR a list of `acr` says `any`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
