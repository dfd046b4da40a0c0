use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "50000d")] //~ ERROR at most 4294967295 s
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
