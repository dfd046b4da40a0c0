use actix_web::get;
use secure_runtime::secure;

#[secure(public(reason = "a test", until = "2027-02-29"))] //~ ERROR `until` expects a date that exists
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
