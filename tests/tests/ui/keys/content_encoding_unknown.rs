use actix_web::get;
use secure_runtime::secure;

#[secure(content_encoding = "gz")] //~ ERROR `content_encoding` expects `gzip`, `deflate` or `br`, found `"gz"`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
