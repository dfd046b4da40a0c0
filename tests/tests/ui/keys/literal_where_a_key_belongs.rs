use actix_web::get;
use secure_runtime::secure;

#[secure("admin")] //~ ERROR write the key before the value: `roles = "admin"`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
