use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate(anonymous = "1/s", authenticated = "2/s"))] //~ ERROR `public` cannot be combined with `anonymous`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
