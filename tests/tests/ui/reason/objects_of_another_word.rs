use actix_web::get;
use secure_runtime::secure;

#[secure(objects = own)] //~ ERROR `objects` expects `any`, found `own`
#[get("/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
