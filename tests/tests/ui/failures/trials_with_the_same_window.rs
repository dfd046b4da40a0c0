use actix_web::get;
use secure_runtime::secure;

#[secure(failures("10/min", mode = observe), failures("5/min", mode = "20%"))] //~ ERROR expects different windows for a status
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
