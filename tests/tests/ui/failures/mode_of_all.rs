use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", mode = "100%"))] //~ ERROR expects 1% to 99%
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
