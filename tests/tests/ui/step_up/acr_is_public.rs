use actix_web::get;
use secure_runtime::secure;

#[secure(public, acr = "mfa")] //~ ERROR `public` cannot be combined with `acr`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
