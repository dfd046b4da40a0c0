use actix_web::get;
use secure_runtime::secure;

#[secure(crate = "secure_runtime")] //~ ERROR `crate` expects a path
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
