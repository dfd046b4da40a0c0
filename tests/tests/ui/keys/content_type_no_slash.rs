use actix_web::get;
use secure_runtime::secure;

#[secure(content_type = "json")] //~ ERROR expects `type/subtype`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
