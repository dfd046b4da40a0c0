use actix_web::get;
use secure_runtime::secure;

#[secure(rate("100/h", shared = "the office"))] //~ ERROR found `"the office"`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
