use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", "100/h"))] //~ ERROR `failures` expects one rate, found a second one
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
