use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "a")]
#[secure(roles = "b")] //~ ERROR given twice
#[get("/")]
async fn handler() -> &'static str {
    loop {}
}

fn main() {}
