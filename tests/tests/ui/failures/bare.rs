use actix_web::get;
use secure_runtime::secure;

#[secure(failures)] //~ ERROR `failures` expects a rate such as `"10/min"`, found nothing
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
