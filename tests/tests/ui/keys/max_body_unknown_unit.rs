use actix_web::get;
use secure_runtime::secure;

#[secure(max_body = "64kb")] //~ ERROR unknown unit `kb`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
