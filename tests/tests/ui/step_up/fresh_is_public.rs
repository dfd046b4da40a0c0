use actix_web::get;
use secure_runtime::secure;

#[secure(public, fresh = "5m")] //~ ERROR found `fresh`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
