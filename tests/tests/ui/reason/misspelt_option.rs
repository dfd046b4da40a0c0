use actix_web::get;
use secure_runtime::secure;

#[secure(public(reasn = "a test"))] //~ ERROR unknown option `reasn` of `public`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
