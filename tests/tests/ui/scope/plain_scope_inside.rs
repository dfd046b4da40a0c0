use actix_web::{get, web};
use secure_runtime::secure;

#[secure(roles = "admin")]
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {
    let _ = secure_runtime::scope("").service(web::scope("/x").service(handler)); //~ ERROR has no security policy
}
