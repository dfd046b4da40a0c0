use actix_web::get;
use secure_runtime::secure;

#[secure(public(because = "a test"))] //~ ERROR unknown option `because` of `public`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
