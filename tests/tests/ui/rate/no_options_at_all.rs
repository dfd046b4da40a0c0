use actix_web::get;
use secure_runtime::secure;

#[secure(rate())] //~ ERROR expects a rate
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
