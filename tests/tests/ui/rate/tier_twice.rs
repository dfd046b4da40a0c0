use actix_web::get;
use secure_runtime::secure;

#[secure(rate(tier(free = "1/s", pro = "5/s", free = "2/s")))] //~ ERROR `free` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
