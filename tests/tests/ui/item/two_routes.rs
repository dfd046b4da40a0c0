use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/")]
#[actix_web::post("/")] //~ ERROR found a second one
async fn handler() -> &'static str {
    loop {}
}

fn main() {}
