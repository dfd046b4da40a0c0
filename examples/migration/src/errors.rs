//! The errors of the application and their responses. They stay the same after the migration.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

/// The error of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppError {
    /// Nobody signed in, or the session has ended.
    Unauthenticated,
    /// The user may not do this.
    Forbidden,
    /// The object does not exist, or the user may not learn that it exists.
    NotFound,
    /// The request does not have the form that this endpoint accepts.
    Invalid,
    /// The body is larger than allowed.
    TooLarge,
    /// Too many requests.
    Throttled,
    /// An error inside the application.
    Internal,
}

impl AppError {
    /// A stable code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::Throttled => "throttled",
            Self::Internal => "internal",
        }
    }

    /// The response of the API: `{"error":{"code":"forbidden"}}`.
    pub fn to_json(self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({"error": {"code": self.code()}}))
    }

    /// The response for a page in a browser: a redirect to the login, or a line of HTML.
    pub fn to_page(self, request: &HttpRequest) -> HttpResponse {
        if self == Self::Unauthenticated {
            let login = format!("/login?next={}", request.path());
            return HttpResponse::SeeOther().insert_header((LOCATION, login)).finish();
        }
        let html = format!("<h1>{}</h1>", self.code());
        HttpResponse::build(self.status_code()).content_type("text/html; charset=utf-8").body(html)
    }
}

impl std::fmt::Display for AppError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.code())
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        self.to_json()
    }
}
