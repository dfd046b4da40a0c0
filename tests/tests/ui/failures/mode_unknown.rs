use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", mode = observed))] //~ ERROR found `observed`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
