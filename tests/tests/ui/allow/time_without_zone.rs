use actix_web::get;
use secure_runtime::secure;

#[secure(allow = time in "Mon-Fri 09:00-17:00")] //~ ERROR in "Mon-Fri 09:00-17:00": expected a time zone after the hours
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
