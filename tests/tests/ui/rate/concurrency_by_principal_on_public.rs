use actix_web::get;
use secure_runtime::secure;

#[secure(public, concurrency(8, by = principal))] //~ ERROR `public` cannot be combined with `by = principal`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
