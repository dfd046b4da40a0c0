use actix_web::get;
use secure_runtime::secure;

#[secure(public(reason = 5))] //~ ERROR `reason` expects a string literal, found `5`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
