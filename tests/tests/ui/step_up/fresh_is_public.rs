use actix_web::get;
use secure_runtime::secure;

#[secure(public, fresh = "5m")] //~ ERROR `public` cannot be combined with `fresh`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
