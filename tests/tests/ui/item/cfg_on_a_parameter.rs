use actix_web::{get, web};
use secure_runtime::secure;

#[secure(roles = "admin")]
#[get("/")]
async fn handler(
    _number: web::Query<u32>,
    #[cfg(any())] //~ ERROR a handler's parameter cannot have a `cfg`
    _other: NotThere,
) -> &'static str {
    ""
}

fn main() {
    drop(secure_runtime::scope("").service(handler));
}
