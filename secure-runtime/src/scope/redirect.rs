//! Redirects that a table of routes declares.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};

pub(super) fn response(_: &HttpRequest, to: &str, status: StatusCode) -> HttpResponse {
    HttpResponse::build(status).insert_header((LOCATION, to)).finish()
}
