use actix_web::get;
use secure_runtime::secure;

#[secure(roles = lenient("a"))] //~ ERROR expects a string literal
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
