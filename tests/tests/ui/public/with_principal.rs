use actix_web::get;
use secure_runtime::{Principal, secure};

#[secure(public)]
#[get("/")]
async fn handler(caller: Principal) -> &'static str { //~ ERROR found `Principal`
    let _ = caller;
    ""
}

fn main() {}
