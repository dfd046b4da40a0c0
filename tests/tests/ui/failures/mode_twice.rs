use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", mode = observe, mode = enforce))] //~ ERROR `mode` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
