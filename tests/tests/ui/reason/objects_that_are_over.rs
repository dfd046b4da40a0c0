use actix_web::get;
use secure_runtime::secure;

#[secure(objects(any, reason = "a test", until = "2020-12-31"))] //~ ERROR until 2020-12-31, which is over
#[get("/{id}")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
