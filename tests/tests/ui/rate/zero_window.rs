use actix_web::get;
use secure_runtime::secure;

#[secure(rate = "10/0min")] //~ ERROR above zero
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
