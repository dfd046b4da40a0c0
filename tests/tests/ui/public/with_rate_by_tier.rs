use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate(tier(free = "1/s", pro = "5/s")))] //~ ERROR `public` cannot be combined with `tier`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
