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

// A macro in another file writes it, with a name from here.
crate::macros::handler!(offers, "/offers");
