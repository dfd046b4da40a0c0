use actix_web::get;
use secure_runtime::secure;

#[secure(rate("100/h", shared = office))] //~ ERROR found `office`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
