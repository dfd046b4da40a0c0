use actix_web::get;
use secure_runtime::secure;

#[secure(allow = time in "Mon-Fri 09:00-17:00 UTC" && time in "08:00-18:00 UTC")] //~ ERROR this part of `allow` has no effect: the other parts imply it
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
