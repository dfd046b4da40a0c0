use actix_web::get;
use secure_runtime::secure;

#[secure(public(reason = "a", reason = "b"))] //~ ERROR `reason` is given twice
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
