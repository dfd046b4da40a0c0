use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", on = [401], on = [403]))] //~ ERROR `on` is given twice, expected it once
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
