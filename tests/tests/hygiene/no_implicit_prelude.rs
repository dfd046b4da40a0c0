//! The expansion compiles in a module without the prelude.
#![no_implicit_prelude]
#![deny(warnings)]

// actix-web's own attributes need the name of its crate.
use ::actix_web;

#[::secure_runtime::secure(
    auth = any(jwt, "partner-api"),
    roles = any("a", "b"),
    scopes = "orders:read",
    rate(["10/s", "100/h"], by = address, cost = 2),
    rate(anonymous = "1/s", authenticated = "2/s"),
    max_body = "1MiB",
    content_type = "application/json",
)]
#[::actix_web::get("/")]
async fn handler(_request: ::actix_web::HttpRequest) -> &'static str {
    ""
}

#[::secure_runtime::secure(auth = optional)]
pub async fn generic<T: 'static>(data: ::actix_web::web::Data<T>) -> &'static str {
    let _ = data;
    ""
}

#[test]
fn accepted() {
    let _ = ::actix_web::App::new()
        .service(handler)
        .route("/generic", ::actix_web::web::get().to(generic::<u8>));
}
