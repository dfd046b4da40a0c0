use actix_web::get;
use secure_runtime::secure;

#[secure(check = "owns")] //~ ERROR expects the path of a function
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
