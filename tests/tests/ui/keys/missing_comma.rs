use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin" rate = "1/s")] //~ ERROR expected `,` before `rate`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
