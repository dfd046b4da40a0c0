use actix_web::get;
use secure_runtime::secure;

#[secure(action("secrets:read"))] //~ ERROR found parentheses
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
