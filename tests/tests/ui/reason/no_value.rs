use actix_web::get;
use secure_runtime::secure;

#[secure(public(reason))] //~ ERROR expects `reason = "…"`, found `reason`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
