use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin, editor")] //~ ERROR `roles = any("admin", "editor")` or `roles = all("admin", "editor")`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
