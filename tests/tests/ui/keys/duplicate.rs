use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin", roles = "auditor")] //~ ERROR given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
