use actix_web::get;
use secure_runtime::secure;

#[secure(quota("100/month", shared = "office"))] //~ ERROR unknown option `shared` of `quota`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
