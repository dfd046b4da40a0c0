use actix_web::get;
use secure_runtime::secure;

#[secure(auth = optional, rate("10/s", by = principal))] //~ ERROR found `auth = optional`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
