use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/")]
async fn handler(parameter: impl actix_web::FromRequest) -> &'static str { //~ ERROR found `impl Trait`
    loop {}
}

fn main() {}
