use actix_web::get;
use secure_runtime::secure;

#[secure(role = "admin")] //~ ERROR unknown key `role`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
