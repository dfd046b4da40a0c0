use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/")]
async fn handler<T>() -> &'static str { //~ ERROR a handler with a route attribute cannot have type parameters
    loop {}
}

fn main() {}
