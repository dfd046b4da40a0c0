use actix_web::get;
use secure_runtime::secure;

#[secure(quota("100/month", zone = "Europe/Berlim"))] //~ ERROR unknown time zone
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
