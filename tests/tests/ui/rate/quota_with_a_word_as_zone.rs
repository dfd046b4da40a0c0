use actix_web::get;
use secure_runtime::secure;

#[secure(quota("100/month", zone = UTC))] //~ ERROR expects a time zone as a string literal
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
