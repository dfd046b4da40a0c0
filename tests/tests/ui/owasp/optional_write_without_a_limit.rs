use actix_web::delete;
use secure_runtime::secure;

#[secure(auth = optional)] //~ ERROR `DELETE` is open to anonymous callers
#[delete("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
