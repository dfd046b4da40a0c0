use actix_web::get;
use secure_runtime::secure;

#[secure(rate(anonymous = "2/s", tier(free = "1/s", pro = "5/s")))] //~ ERROR `free` admits less than `anonymous`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
