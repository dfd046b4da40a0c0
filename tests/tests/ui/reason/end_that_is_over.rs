use actix_web::get;
use secure_runtime::secure;

#[secure(public(reason = "a test", until = "2020-02-29"))] //~ ERROR until 2020-02-29, which is over
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
