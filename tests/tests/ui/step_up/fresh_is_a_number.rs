use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = 300)] //~ ERROR an age as a string literal
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
