use actix_web::get;
use secure_runtime::secure;

#[secure(action = secrets)] //~ ERROR found `secrets`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
