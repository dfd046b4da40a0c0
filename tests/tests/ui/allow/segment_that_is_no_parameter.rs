use actix_web::get;
use secure_runtime::secure;

#[secure(allow = **id == 3)] //~ ERROR `allow` expects a parameter of the handler, found `id`
#[get("/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
