use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/")]
async fn handler() { //~ ERROR returns a response
    loop {}
}

fn main() {}
