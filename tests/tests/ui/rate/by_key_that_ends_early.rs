use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = key(caller.subject() +)))] //~ ERROR found its end or an operator
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
