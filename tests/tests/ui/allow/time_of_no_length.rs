use actix_web::get;
use secure_runtime::secure;

#[secure(allow = time in "Mon-Fri 09:00-09:00 UTC")] //~ ERROR in "Mon-Fri 09:00-09:00 UTC": the start and the end are the same
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
