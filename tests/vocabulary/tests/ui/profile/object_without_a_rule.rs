use actix_web::get;
use secure_runtime::secure;

#[secure(roles = "admin", rate = "10/s")]
#[get("/orders/{id}")] //~ ERROR `{id}` names an object, and no rule checks which object is requested
async fn handler() -> &'static str {
    ""
}

fn main() {}
