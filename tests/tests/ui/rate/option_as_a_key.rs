use actix_web::get;
use secure_runtime::secure;

#[secure(public, rate = "5/min", by = address)] //~ ERROR unknown key `by`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
