use actix_web::{post, web};
use secure_runtime::secure;

type Shared = web::Data<u32>;

#[secure(unvalidated(shared, reason = "ours"))]
#[post("/")]
async fn handler(shared: Shared) -> &'static str { //~ ERROR found `shared`
    let _ = shared;
    ""
}

fn main() {}
