use actix_web::get;
use secure_runtime::secure;

#[secure(rate("1/s", by = address) allow = role("admin"))] //~ ERROR expected `,` before `allow`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
