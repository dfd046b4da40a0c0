use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate("100/h", by = address, unless = role("internal")))] //~ ERROR `public` cannot be combined with `role`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
