use actix_web::get;
use secure_runtime::secure;

#[secure(rate("100/h", cost = response, refund = 5xx))] //~ ERROR `refund` expects a cost that is a number
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
