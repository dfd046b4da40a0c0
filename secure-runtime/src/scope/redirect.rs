//! The responses of redirects in a table of routes.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};

use crate::pipeline::probe;

pub(super) fn response(request: &HttpRequest, to: &str, status: StatusCode) -> HttpResponse {
    probe::mark(request, HttpResponse::build(status).insert_header((LOCATION, to)).finish())
}
