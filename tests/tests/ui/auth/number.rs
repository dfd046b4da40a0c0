use actix_web::get;
use secure_runtime::secure;

#[secure(auth = 1)] //~ ERROR expects a name
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
