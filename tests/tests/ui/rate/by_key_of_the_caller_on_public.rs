use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate("10/s", by = key(caller.subject().len())))] //~ ERROR `public` cannot be combined with `by = key(caller.subject().len())`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
