use actix_web::get;
use secure_runtime::secure;

#[secure(failures(on = [401]))] //~ ERROR `failures` expects a rate such as `"10/min"`, found options only
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
