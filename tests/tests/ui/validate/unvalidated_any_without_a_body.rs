use actix_web::get;
use secure_runtime::secure;

#[secure(unvalidated(any, reason = "a test"))] //~ ERROR exempts no body of this handler
#[get("/")]
async fn handler() -> &'static str {
    loop {}
}

fn main() {}
