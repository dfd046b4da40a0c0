use actix_web::get;
use secure_runtime::secure;

#[secure]
#[get("/")]
async extern "C" fn handler() -> &'static str { //~ ERROR found `extern`
    loop {}
}

fn main() {}
