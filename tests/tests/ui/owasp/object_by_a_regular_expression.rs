use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get(r"/orders/{id:\d+}")] //~ ERROR `{id}` names an object
async fn handler() -> &'static str {
    ""
}

fn main() {}
