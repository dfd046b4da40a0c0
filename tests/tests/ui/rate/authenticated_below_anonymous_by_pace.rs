use actix_web::get;
use secure_runtime::secure;

#[secure(rate(anonymous = "10/s", authenticated = "1000/h"))] //~ ERROR `authenticated` admits less than `anonymous`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
