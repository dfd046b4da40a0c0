use actix_web::get;
use secure_runtime::secure;

#[secure(failures = "10")] //~ ERROR in `"10"`: expected `/` between permits and window
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
