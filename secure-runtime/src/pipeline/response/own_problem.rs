//! Makes [`Problem`] a response and an error, so that an application's own errors have the same
//! form as refusals.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};

use crate::problem::{self, Problem};

impl Problem {
    pub(crate) fn into_response(self) -> HttpResponse {
        self.error_response()
    }
}

/// The status is the problem's. A status that is not an error (400 to 599) becomes 500.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        let status = StatusCode::from_u16(self.status()).ok();
        let is_error = |it: &StatusCode| it.is_client_error() || it.is_server_error();
        status.filter(is_error).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response =
            HttpResponse::with_body(self.status_code(), BoxBody::new(self.to_json()));
        let content_type = HeaderValue::from_static(problem::CONTENT_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

impl Responder for Problem {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_answered_with_a_status_of_errors() {
        for (status, expected) in [(409, 409), (500, 500), (599, 599), (200, 500), (42, 500)] {
            let response = Problem::new(status).into_response();
            assert_eq!(response.status().as_u16(), expected);
        }
    }
}
