use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", on = []))] //~ ERROR `on` expects statuses, found an empty list
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
