use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "0s")] //~ ERROR zero would refuse every caller
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
