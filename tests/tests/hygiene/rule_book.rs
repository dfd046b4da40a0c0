//! The accepted counterpart of each mistake in the documented tables of messages; it compiles without warnings.
#![deny(warnings)]

use actix_web::{HttpRequest, delete, get, post, route, routes, web};
use secure_runtime::secure;

#[derive(serde::Deserialize)]
struct Day {
    year: u16,
}

const ACME: &str = "acme";

#[derive(PartialEq)]
enum Size {
    Small,
    Large,
}

fn size(request: &HttpRequest) -> Size {
    if request.path().len() > 9 { Size::Large } else { Size::Small }
}

/// Patterns with comparisons: constants, variants, literals, and a guard.
#[secure(allow = matches!(caller.tenant(), Some(ACME) | None)
    && matches!((request.path().is_empty(), 1), (false, 1..))
    && !matches!((caller.has_role("none"), 1), (true, _))
    && { use Size::*; matches!(size(request), Small) || size(request) == Large }
    && { const LONGEST: usize = 90; matches!(request.path().len(), 2..LONGEST | LONGEST) }
    && matches!(request.path(), path if path.len() > 2)
    && if let Some(name) = name.strip_prefix("a") { name.len() > 2 } else { false })]
#[get("/compares/{name}")]
async fn patterns_that_compare(name: web::Path<String>) -> String {
    name.into_inner()
}

#[secure(objects = any)]
#[get("/{year}/{month}/{day}")]
async fn as_many_values(path: web::Path<(u16, u8, u8)>) -> String {
    path.0.to_string()
}

#[secure(objects = any)]
#[get("/structs/{year}/{month}/{day}")]
async fn a_struct_takes_what_it_names(path: web::Path<Day>) -> String {
    path.year.to_string()
}

#[secure(objects = any)]
#[get(r"/regex/{year:\d{4}}/{tail:.*}")]
async fn a_regular_expression(path: web::Path<(u16, String)>) -> String {
    path.1.clone()
}

#[secure(objects = any)]
#[routes]
#[get("/optional")]
#[get("/optional/{page}")]
async fn an_optional_segment(page: Option<web::Path<u32>>) -> String {
    page.map(web::Path::into_inner).unwrap_or_default().to_string()
}

#[secure]
#[get("/nothing")]
async fn no_values(_: web::Path<()>) -> &'static str {
    ""
}

#[secure(unvalidated(body, reason = "a test", until = "9999-12-31"))]
#[route("/several", method = "GET", method = "POST")]
async fn a_body_of_one_of_several_methods(body: String) -> String {
    body
}

#[secure(unvalidated(body, reason = "a test"))]
#[delete("/")]
async fn a_body_of_a_delete(body: String) -> String {
    body
}

#[secure(unvalidated(body, reason = "a test"))]
async fn a_body_without_a_route(body: String) -> String {
    body
}

#[secure(roles = "admin")]
#[get("/orders/{id}")]
async fn an_object_for_some(id: web::Path<u32>) -> String {
    id.to_string()
}

#[secure(objects(any, reason = "a test"))]
async fn objects_without_a_route(request: HttpRequest) -> String {
    request.path().to_owned()
}

#[secure(auth = optional, rate(anonymous = "10/min", authenticated = ["1/s", "600/h"]))]
#[post("/questions")]
async fn an_optional_write_with_a_limit() -> &'static str {
    ""
}

#[secure(public(until = "9999-12-31", reason = "a test"), rate(["10/s", "100/min"], by = endpoint))]
#[post("/public")]
async fn a_public_write_with_a_limit() -> &'static str {
    ""
}

#[secure(public)]
#[get("/pages")]
async fn no_secret(page_token: web::Query<Day>) -> String {
    page_token.year.to_string()
}

// The warning is an ordinary lint of the compiler, which can be silenced at the item.
#[allow(deprecated)]
#[secure(public, objects = any)]
#[get("/reset/{token}")]
async fn a_secret_on_purpose(token: web::Path<String>) -> String {
    token.into_inner()
}

#[secure(public, objects = any)]
#[allow(deprecated)]
#[get("/confirm/{token}")]
async fn a_secret_on_purpose_below(token: web::Path<String>) -> String {
    token.into_inner()
}

#[secure(public, objects = any)]
#[cfg(any())]
#[get("/never/{token}")]
async fn never(token: web::Path<String>) -> Never {}

mod silent {
    #![allow(deprecated)]

    #[secure_runtime::secure(public)]
    #[actix_web::get("/silent")]
    pub(crate) async fn in_a_silent_module(page: actix_web::web::Query<Token>) -> String {
        page.into_inner().0
    }

    #[derive(serde::Deserialize)]
    pub(crate) struct Token(String);
}

#[test]
fn accepted() {
    let _ = actix_web::App::new()
        .service(patterns_that_compare)
        .service(as_many_values)
        .service(a_struct_takes_what_it_names)
        .service(a_regular_expression)
        .service(an_optional_segment)
        .service(no_values)
        .service(a_body_of_one_of_several_methods)
        .service(a_body_of_a_delete)
        .service(an_object_for_some)
        .service(an_optional_write_with_a_limit)
        .service(a_public_write_with_a_limit)
        .service(no_secret)
        .service(a_secret_on_purpose)
        .service(a_secret_on_purpose_below)
        .service(silent::in_a_silent_module)
        .route("/", web::get().to(objects_without_a_route))
        .route("/body", web::post().to(a_body_without_a_route));
}
