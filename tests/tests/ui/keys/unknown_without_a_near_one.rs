use actix_web::get;
use secure_runtime::secure;

#[secure(colour = "red")] //~ ERROR unknown key `colour`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
