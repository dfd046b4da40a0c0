use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "")] //~ ERROR expected an age such as
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
