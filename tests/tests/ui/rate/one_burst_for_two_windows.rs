use actix_web::get;
use secure_runtime::secure;

#[secure(rate(["10/s", "1000/h"], burst = 10))] //~ ERROR `10/s` has no effect: it admits everything that `1000/h` admits
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
