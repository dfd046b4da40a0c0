use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "0s")] //~ ERROR expected an age above zero
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
