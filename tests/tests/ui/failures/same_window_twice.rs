use actix_web::get;
use secure_runtime::secure;

#[secure(failures = "10/min", failures("5/min", on = [403, 404]))] //~ ERROR `failures` expects different windows for a status, found `10/min` and `5/min`
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
