use actix_web::get;
use secure_runtime::secure;

#[secure(public, auth = jwt)] //~ ERROR `public` cannot be combined with `auth`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
