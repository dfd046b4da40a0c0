use actix_web::get;
use secure_runtime::secure;

#[secure(public = true)] //~ ERROR `public` expects no value
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
