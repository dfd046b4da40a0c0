use actix_web::get;
use secure_runtime::secure;

#[secure(public(reason = "a test", until = 2027))] //~ ERROR `until` expects a string literal, found `2027`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
