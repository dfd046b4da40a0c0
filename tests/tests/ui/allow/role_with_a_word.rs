use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role(admin))] //~ ERROR found `admin`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
