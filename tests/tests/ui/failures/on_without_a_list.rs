use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", on = 401))] //~ ERROR `on` expects a list of statuses, found `401`
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
