use actix_web::get;
use secure_runtime::secure;

#[secure(auth = lenient)] //~ ERROR expects a list of names
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
