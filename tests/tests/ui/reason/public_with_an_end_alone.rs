use actix_web::get;
use secure_runtime::secure;

#[secure(public(until = "9999-12-31"))] //~ ERROR `public` expects a reason, found none
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
