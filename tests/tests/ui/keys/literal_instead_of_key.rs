use actix_web::get;
use secure_runtime::secure;

#[secure("admin")] //~ ERROR expected a key
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
