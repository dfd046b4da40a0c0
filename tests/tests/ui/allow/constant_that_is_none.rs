use actix_web::get;
use secure_runtime::secure;

#[secure(allow = matches!(caller.tenant(), Some(ACME)))] //~ ERROR cannot find unit struct, unit variant or constant `ACME` in this scope
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
