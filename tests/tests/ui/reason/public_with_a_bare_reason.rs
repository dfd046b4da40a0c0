use actix_web::get;
use secure_runtime::secure;

#[secure(public("health"))] //~ ERROR `public` expects `reason = "…"`, found
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
