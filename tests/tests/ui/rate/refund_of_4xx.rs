use actix_web::get;
use secure_runtime::secure;

#[secure(rate("100/h", refund = 4xx))] //~ ERROR found `4xx`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
