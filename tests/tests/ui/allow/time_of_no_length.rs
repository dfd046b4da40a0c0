use actix_web::get;
use secure_runtime::secure;

#[secure(allow = time in "Mon-Fri 09:00-09:00 UTC")] //~ ERROR end when they start
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
