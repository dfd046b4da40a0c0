//! Handlers that a `macro_rules!` writes: fragments come in invisible groups.

use actix_web::{App, web};
use secure_runtime::secure;

macro_rules! handlers {
    ($($(#[$meta:meta])* $visibility:vis $name:ident($role:literal, $rate:expr, $ty:ty, $path:literal) -> $out:ty;)*) => {$(
        $(#[$meta])*
        #[secure(roles = $role, rate = $rate, validate(order))]
        #[actix_web::post($path)]
        $visibility async fn $name(order: $ty) -> $out {
            order.into_inner().item
        }
    )*};
}

#[derive(serde::Deserialize, validator::Validate)]
struct NewOrder {
    item: String,
}

handlers! {
    /// One.
    #[allow(clippy::unused_async)]
    pub one("admin", "10/s", web::Json<NewOrder>, "/one") -> String;
    two("auditor", "20/min", web::Json<NewOrder>, "/two") -> String;
}

macro_rules! with_attributes {
    ($(#[$meta:meta])* fn $name:ident) => {
        $(#[$meta])*
        async fn $name() -> &'static str { "" }
    };
}

with_attributes! {
    #[secure(roles = "admin")]
    #[actix_web::get("/three")]
    fn three
}

macro_rules! keys {
    ($name:ident, $($keys:tt)*) => {
        #[secure($($keys)*)]
        #[actix_web::get("/four")]
        async fn $name() -> &'static str { "" }
    };
}

keys!(four, public, rate("10/s", by = address));

macro_rules! body {
    ($name:ident $body:block) => {
        #[secure(roles = "admin")]
        #[actix_web::get("/five")]
        async fn $name() -> String $body
    };
}

body!(five { String::new() });

#[test]
fn accepted() {
    let _ = App::new().service(one).service(two).service(three).service(four).service(five);
}
