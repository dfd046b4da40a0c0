use actix_web::get;
use secure_runtime::secure;

#[secure(allow = time in "Mo-Fri 09:00-17:00 UTC")] //~ ERROR unknown day `Mo`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
