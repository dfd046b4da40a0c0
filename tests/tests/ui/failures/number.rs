use actix_web::get;
use secure_runtime::secure;

#[secure(failures = 10)] //~ ERROR `failures` expects a rate such as `"10/min"`, found `10`
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
