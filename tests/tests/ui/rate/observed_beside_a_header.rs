use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = header("x-client")), rate("9/s", mode = observe))] //~ ERROR the client chooses the key of `by`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
