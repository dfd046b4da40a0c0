use actix_web::get;
use secure_runtime::secure;

#[secure(public,, rate = "1/s")] //~ ERROR expected a value before `,`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
