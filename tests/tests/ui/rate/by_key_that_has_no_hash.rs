use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = key(caller.clone())))] //~ ERROR cannot count by
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
