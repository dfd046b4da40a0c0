use actix_web::web;
use secure_runtime::secure;

#[secure(roles = "admin")]
async fn handler() -> &'static str {
    ""
}

fn main() {
    let _ = secure_runtime::scope("").route("/", web::get().to(handler)); //~ ERROR does not lead to a secured handler
}
