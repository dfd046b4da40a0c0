use actix_web::get;
use secure_runtime::secure;

#[secure(acr = any())] //~ ERROR at least one name
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
