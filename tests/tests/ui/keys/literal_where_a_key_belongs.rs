use actix_web::get;
use secure_runtime::secure;

#[secure("admin")] //~ ERROR every value has its key: `roles = "admin"`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
