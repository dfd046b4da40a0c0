use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate("10/s", by = claim("org")))] //~ ERROR `public` cannot be combined with `by = claim("org")`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
