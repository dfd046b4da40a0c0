use actix_web::get;
use secure_runtime::secure;

#[secure(content_encoding = "br")] //~ ERROR `content_encoding` expects `gzip`, found `"br"`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
