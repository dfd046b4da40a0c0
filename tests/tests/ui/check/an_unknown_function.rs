use actix_web::get;
use secure_runtime::secure;

#[secure(check = ows)] //~ ERROR cannot find value `ows`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
