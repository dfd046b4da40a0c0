//! A file to which only the policy of the whole program applies.

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

// A macro in another file generates this handler, with a name from this file.
crate::macros::handler!(offers, "/offers");
