use actix_web::get;
use secure_runtime::secure;

#[secure(failures = login)] //~ ERROR `failures` expects a rate such as `"10/min"`, found `login`
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
