use actix_web::get;
use secure_runtime::secure;

#[secure(rate("100/h", unless = ))] //~ ERROR `unless` expects a condition
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
