use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate("1/s", by = tenant))] //~ ERROR `public` cannot be combined with `by = tenant`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
