use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", by = claim("https://shop.example/org")))] //~ ERROR `claim` is split at dots, found a URL
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
