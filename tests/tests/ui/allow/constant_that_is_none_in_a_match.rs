use actix_web::get;
use secure_runtime::secure;

#[secure(allow = match caller.subject() { ROOT => true, _ => false })] //~ ERROR cannot find unit struct, unit variant or constant `ROOT` in this scope
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
