use actix_web::get;
use secure_runtime::secure;

#[secure(acr = "hoch-geprüft")] //~ ERROR expects ASCII characters
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
