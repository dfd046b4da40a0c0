use actix_web::get;
use secure_runtime::secure;

#[secure(max_body = "-1KiB")] //~ ERROR whole number
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
