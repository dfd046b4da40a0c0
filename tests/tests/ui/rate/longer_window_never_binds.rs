use actix_web::get;
use secure_runtime::secure;

#[secure(rate = ["1/s", "3600/h"])] //~ ERROR `3600/h` has no effect: it admits everything that `1/s` admits
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
