use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "300")] //~ ERROR expected a unit
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
