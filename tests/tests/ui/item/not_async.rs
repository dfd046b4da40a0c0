use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/")]
fn handler() -> &'static str { //~ ERROR expects an `async fn`
    loop {}
}

fn main() {}
