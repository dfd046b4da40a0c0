use actix_web::get;
use secure_runtime::secure;

#[secure(fresh = "5w")] //~ ERROR unknown unit `w`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
