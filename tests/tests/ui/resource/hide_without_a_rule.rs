use actix_web::get;
use secure_runtime::secure;

#[secure(hide)] //~ ERROR expects a rule that forbids
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
