//! Files with no other policy than that of the program.

use actix_web::get;
use secure_runtime::secure;

#[secure(public)]
#[get("/shop")]
pub async fn shop() -> &'static str {
    "shop"
}

#[secure]
#[get("/basket")]
pub async fn basket() -> &'static str {
    "basket"
}

// A macro in another file generates it, with a name from here.
crate::macros::handler!(offers, "/offers");
