use actix_web::get;
use secure_runtime::secure;

#[secure(rate(anonymous = ["10/s", "100/h"], authenticated = ["5/s", "1000/h"]))] //~ ERROR `5/s` against `10/s`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
