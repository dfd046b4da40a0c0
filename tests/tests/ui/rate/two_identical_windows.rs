use actix_web::get;
use secure_runtime::secure;

#[secure(rate = ["10/min", "20/60s"])] //~ ERROR different windows
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
