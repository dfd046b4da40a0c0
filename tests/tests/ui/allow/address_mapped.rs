use actix_web::get;
use secure_runtime::secure;

#[secure(allow = address in "::ffff:10.0.0.0/104")] //~ ERROR in "::ffff:10.0.0.0/104": expected an IPv4 address
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
