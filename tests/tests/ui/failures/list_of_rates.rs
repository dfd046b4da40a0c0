use actix_web::get;
use secure_runtime::secure;

#[secure(failures = ["10/min", "100/h"])] //~ ERROR `failures` expects a rate such as `"10/min"`, found `["10/min", "100/h"]`
#[get("/users")]
async fn list_users() -> &'static str {
    "users"
}

fn main() {}
