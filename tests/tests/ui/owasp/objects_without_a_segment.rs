use actix_web::get;
use secure_runtime::secure;

#[secure(objects = any)] //~ ERROR `objects` expects a route with a segment, found none
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
