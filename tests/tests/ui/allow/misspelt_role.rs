use actix_web::get;
use secure_runtime::secure;

#[secure(allow = rol("admin"))] //~ ERROR cannot find function `rol`
#[get("/")]
async fn handler() -> &'static str {
    ""
}

fn main() {}
