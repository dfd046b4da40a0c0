use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", brust = 5))] //~ ERROR unknown option `brust`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
