use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "100/hour")] //~ ERROR unknown unit `hour`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
