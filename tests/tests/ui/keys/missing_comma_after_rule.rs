use actix_web::get;
use secure_runtime::secure;

#[secure(allow = role("admin") && !role("guest") hide)] //~ ERROR expected `,` before `hide`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
