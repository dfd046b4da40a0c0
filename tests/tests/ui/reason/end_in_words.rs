use actix_web::get;
use secure_runtime::secure;

#[secure(public(reason = "a test", until = "tomorrow"))] //~ ERROR `until` expects a date that exists
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
