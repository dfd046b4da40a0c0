use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", on = [401, 403, 401]))] //~ ERROR `on` lists 401 twice, expected it once
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
