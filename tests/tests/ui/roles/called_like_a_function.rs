use actix_web::get;
use secure_runtime::secure;

#[secure(roles("a", "b"))] //~ ERROR `any` or `all`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
