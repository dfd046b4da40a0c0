use actix_web::get;
use secure_runtime::secure;

#[secure(rate("10/s", mode = observe), rate("5/s", mode = "20%"))] //~ ERROR `rate` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
