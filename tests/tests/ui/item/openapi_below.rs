use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin")]
#[utoipa::path(responses((status = 200)))] //~ ERROR `#[utoipa::path]` must stand above `#[secure]`, found it below
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {
    drop(secure_runtime::scope("").service(handler));
}
