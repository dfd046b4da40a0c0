use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = heder("x-client")))] //~ ERROR found `heder`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
