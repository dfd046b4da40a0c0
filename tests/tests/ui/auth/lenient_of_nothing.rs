use actix_web::get;
use secure_runtime::secure;

#[secure(auth = lenient())] //~ ERROR expects at least one name
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
