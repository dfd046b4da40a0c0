use actix_web::get;
use secure_runtime::secure;

#[secure(public, allow = caller.subject() == "ada")] //~ ERROR `public` cannot be combined with `caller`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
