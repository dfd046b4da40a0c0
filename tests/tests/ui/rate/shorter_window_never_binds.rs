use actix_web::get;
use secure_runtime::secure;

#[secure(rate = ["100/min", "10/h"])] //~ ERROR `100/min` has no effect: it admits everything that `10/h` admits
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
