use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in "10.0.0.1/8")] //~ ERROR in "10.0.0.1/8": the address has bits set after its prefix of 8
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
