use actix_web::get;
use secure_runtime::secure;

#[secure(frehs = "5m")] //~ ERROR unknown key `frehs`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
