use actix_web::get;
use secure_runtime::secure;

#[secure(content_encoding = any("gzip", "br"))] //~ ERROR `content_encoding` expects one coding
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
