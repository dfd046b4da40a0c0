use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", on = [unauthorized]))] //~ ERROR `on` expects a status as a number, found `unauthorized`
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
