use actix_web::get;
use secure_runtime::secure;

#[secure(max_body = "64")] //~ ERROR expected a unit
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
