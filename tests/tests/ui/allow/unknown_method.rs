use actix_web::get;
use secure_runtime::secure;

#[secure(allow = caller.sbject() == "ada")] //~ ERROR no method named `sbject`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
