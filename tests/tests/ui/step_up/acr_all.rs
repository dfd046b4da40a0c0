use actix_web::get;
use secure_runtime::secure;

#[secure(acr = all("mfa", "phr"))] //~ ERROR found `all`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
