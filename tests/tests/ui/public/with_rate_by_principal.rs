use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate("1/s", by = principal))] //~ ERROR found `by = principal`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
