use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "m")] //~ ERROR expected a whole number
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
