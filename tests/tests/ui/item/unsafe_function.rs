use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/")]
async unsafe fn handler() -> &'static str { //~ ERROR found `unsafe`
    loop {}
}

fn main() {}
