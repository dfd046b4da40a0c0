use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate("5/min", by = ip))] //~ ERROR found `ip`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
