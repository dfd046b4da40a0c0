use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate("1/s", by = principal))] //~ ERROR `public` cannot be combined with `by = principal`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
