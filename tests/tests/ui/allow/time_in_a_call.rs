use actix_web::get;
use secure_runtime::secure;

#[secure(allow = std::convert::identity(time in "09:00-17:00 UTC"))] //~ ERROR `time in …` cannot be part of another expression
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
