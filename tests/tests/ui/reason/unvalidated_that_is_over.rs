use actix_web::post;
use secure_runtime::secure;

#[secure(unvalidated(body, reason = "a test", until = "2020-12-31"))] //~ ERROR until 2020-12-31, which is over
#[post("/")]
async fn handler(body: String) -> &'static str {
    loop {}
}

fn main() {}
