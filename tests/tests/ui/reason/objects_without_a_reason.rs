use actix_web::get;
use secure_runtime::secure;

#[secure(objects(any))] //~ ERROR `objects(any)` expects a reason, found none
#[get("/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
