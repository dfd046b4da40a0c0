use actix_web::get;
use secure_runtime::secure;

#[secure(rate(authenticated = "9/s", tier(free = "1/s", pro = "5/s")))] //~ ERROR `authenticated` or `tier`, found both
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
