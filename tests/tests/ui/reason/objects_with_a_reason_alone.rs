use actix_web::get;
use secure_runtime::secure;

#[secure(objects(reason = "a test"))] //~ ERROR `objects` expects `any` and a reason
#[get("/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
