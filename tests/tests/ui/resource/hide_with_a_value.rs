use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin", hide = true)] //~ ERROR expects no value
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
