use actix_web::get;
use secure_runtime::secure;

#[secure(rate("100/h", cost = response, refund = 5xx))] //~ ERROR found one that is known late
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
