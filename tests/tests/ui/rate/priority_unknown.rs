use actix_web::get;
use secure_runtime::secure;

#[secure(priority = crittical)] //~ ERROR found `crittical`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
