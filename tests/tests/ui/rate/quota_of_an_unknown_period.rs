use actix_web::get;
use secure_runtime::secure;

#[secure(quota = "100/year")] //~ ERROR found `year`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
