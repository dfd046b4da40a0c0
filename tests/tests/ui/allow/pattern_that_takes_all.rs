use actix_web::{get, web};
use secure_runtime::secure;

#[secure(allow = matches!(caller.subject(), owner))] //~ ERROR `matches!` is always true: the pattern `owner` matches every value
#[get("/{owner}")]
async fn handler(owner: web::Path<String>) -> String {
    owner.into_inner()
}

fn main() {}
