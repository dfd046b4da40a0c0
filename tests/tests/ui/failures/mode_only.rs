use actix_web::get;
use secure_runtime::secure;

#[secure(failures(mode = observe))] //~ ERROR found options only
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
