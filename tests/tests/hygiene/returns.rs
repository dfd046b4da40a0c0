//! Handlers with every kind of return type.
#![deny(warnings)]

use std::borrow::Cow;

use actix_web::{Either, HttpResponse, Responder, get, http::StatusCode, web};
use secure_runtime::secure;

/// Documented.
#[secure(rate = "100/h", objects = any)]
#[get("/question/{number}")]
pub async fn question(path: web::Path<String>) -> Result<impl Responder, actix_web::Error> {
    let number: u32 = path.parse().map_err(actix_web::error::ErrorBadRequest)?;
    if number == 0 {
        return Ok(HttpResponse::NotFound());
    }
    Ok(HttpResponse::Ok())
}

#[secure]
#[get("/cow")]
pub async fn cow() -> Cow<'static, str> {
    Cow::Borrowed("cow")
}

#[secure]
#[get("/pair")]
pub async fn pair() -> (&'static str, StatusCode) {
    ("pair", StatusCode::CREATED)
}

#[secure]
#[get("/either")]
pub async fn either() -> Either<&'static str, HttpResponse> {
    Either::Left("left")
}

#[secure]
#[get("/option")]
#[inline]
#[must_use]
pub async fn option() -> Option<String> {
    std::future::ready(None).await
}

#[test]
fn accepted() {
    let _ = actix_web::App::new()
        .service(question)
        .service(cow)
        .service(pair)
        .service(either)
        .service(option);
}
