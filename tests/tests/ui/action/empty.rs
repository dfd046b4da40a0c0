use actix_web::get;
use secure_runtime::secure;

#[secure(action = "")] //~ ERROR found an empty one
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
