use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", by = address))] //~ ERROR unknown option `by` of `failures`
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
