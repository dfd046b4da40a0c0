use actix_web::get;
use secure_runtime::secure;

#[secure(content_encoding = all("gzip", "br"))] //~ ERROR `content_encoding` expects any of several codings, found `all`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
