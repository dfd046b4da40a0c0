use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/")]
async fn handler<T>() -> &'static str { //~ ERROR no type parameters
    loop {}
}

fn main() {}
