use actix_web::get;
use secure_runtime::secure;

#[secure(acr = ["mfa", "phr"])] //~ ERROR says `any` or `all`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
