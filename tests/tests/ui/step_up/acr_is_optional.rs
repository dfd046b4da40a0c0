use actix_web::get;
use secure_runtime::secure;

#[secure(auth = optional, acr = "mfa")] //~ ERROR found `acr`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
