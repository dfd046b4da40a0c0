use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = key(caller.subject() +)))] //~ ERROR `key` expects an expression, found an operator or nothing
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
