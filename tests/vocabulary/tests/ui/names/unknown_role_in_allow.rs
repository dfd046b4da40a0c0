use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("veiwer") || caller.subject() == "root")] //~ ERROR unknown role `veiwer`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
