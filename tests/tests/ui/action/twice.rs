use actix_web::get;
use secure_runtime::secure;

#[secure(action = "a", action = "b")] //~ ERROR `action` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
