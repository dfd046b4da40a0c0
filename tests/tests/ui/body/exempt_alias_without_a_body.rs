use actix_web::{post, web};
use secure_runtime::secure;

type Page = web::Query<u32>;

#[secure(roles = "admin", unvalidated(page, reason = "one number"))]
#[post("/")]
async fn handler(page: Page) -> String { //~ ERROR expects a parameter with a body, found `page`
    page.to_string()
}

fn main() {}
