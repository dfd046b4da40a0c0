use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "100/x")] //~ ERROR unknown unit `x`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
