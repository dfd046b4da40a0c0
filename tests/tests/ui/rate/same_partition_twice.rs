use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "10/s", rate("100/h"))] //~ ERROR same `by`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
