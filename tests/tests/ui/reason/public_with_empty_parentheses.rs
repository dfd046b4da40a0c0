use actix_web::get;
use secure_runtime::secure;

#[secure(public())] //~ ERROR expects a reason, found empty parentheses
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
