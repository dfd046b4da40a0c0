use actix_web::get;
use secure_runtime::secure;

#[secure(public, auth = jwt)] //~ ERROR found `auth`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
