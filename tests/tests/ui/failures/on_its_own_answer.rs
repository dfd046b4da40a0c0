use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", on = [401, 429]))] //~ ERROR `on` expects 4xx statuses other than 429, found 429
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
