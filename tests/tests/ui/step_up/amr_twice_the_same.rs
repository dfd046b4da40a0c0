use actix_web::get;
use secure_runtime::secure;

#[secure(amr = any("otp", "otp"))] //~ ERROR names `otp` twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
