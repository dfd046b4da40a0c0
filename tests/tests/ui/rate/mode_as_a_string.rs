use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", mode = "observe"))] //~ ERROR `mode` expects `enforce`, `observe` or a percentage
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
