use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin")]
#[cfg_attr(all(), secure(public))] //~ ERROR `#[secure]` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
