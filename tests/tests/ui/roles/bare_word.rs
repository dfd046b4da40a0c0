use actix_web::get;
use secure_runtime::secure;

#[secure(roles = admin)] //~ ERROR expects a string literal, found `admin`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
