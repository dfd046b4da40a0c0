use actix_web::get;
use secure_runtime::secure;

#[secure(rate(anonymous = "100/h", by = address), rate(authenticated = "10/h", by = principal))] //~ ERROR `10/h` against `100/h`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
