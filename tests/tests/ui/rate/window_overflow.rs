use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "1/50000d")] //~ ERROR window of at most
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
