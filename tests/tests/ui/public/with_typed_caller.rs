use actix_web::get;
use secure_runtime::{Caller, secure};

#[secure(public)]
#[get("/")]
async fn handler(user: Option<Caller<u32>>) -> &'static str { //~ ERROR found `Caller`
    let _ = user;
    ""
}

fn main() {}
