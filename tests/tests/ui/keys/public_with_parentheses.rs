use actix_web::get;
use secure_runtime::secure;

#[secure(public(always))] //~ ERROR expects `reason = "…"`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
