use actix_web::get;
use secure_runtime::secure;

#[secure(max_body = "1KiB", max_body = "2KiB")] //~ ERROR given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
