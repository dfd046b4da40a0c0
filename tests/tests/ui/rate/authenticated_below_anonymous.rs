use actix_web::get;
use secure_runtime::secure;

#[secure(auth = optional, rate(anonymous = "100/h", authenticated = "10/h"))] //~ ERROR `authenticated` admits less than `anonymous`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
