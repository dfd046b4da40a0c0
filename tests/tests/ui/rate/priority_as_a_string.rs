use actix_web::get;
use secure_runtime::secure;

#[secure(priority = "bulk")] //~ ERROR `priority` expects
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
