//! What goes wrong while the arguments are extracted, as denials.
//!
//! What serde and actix-web say of a failure names Rust types; the client reads our own words.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::error::{
    ContentTypeError, JsonPayloadError, PayloadError, QueryPayloadError, UrlencodedError,
};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};

use crate::denial::{Denial, DenialKind};
use crate::problem::{self, Problem};

/// What a failure comes to.
pub(in crate::pipeline) enum Refusal {
    Denied(Denial),
    /// An extractor of the application rendered its own answer.
    Answered(HttpResponse),
}

/// What it comes to that there are no arguments.
pub(in crate::pipeline) fn refusal(error: &actix_web::Error) -> Refusal {
    denial_of(error).map_or_else(|| foreign(error), Refusal::Denied)
}

/// The denial for an error that this crate or actix-web made.
fn denial_of(error: &actix_web::Error) -> Option<Denial> {
    if let Some(denial) = error.as_error::<Denial>() {
        Some(denial.clone())
    } else if let Some(error) = error.as_error::<JsonPayloadError>() {
        Some(json(error))
    } else if let Some(error) = error.as_error::<UrlencodedError>() {
        Some(form(error))
    } else if let Some(QueryPayloadError::Deserialize(error)) = error.as_error() {
        Some(malformed("query", &error.to_string()))
    } else if let Some(error) = error.as_error::<PayloadError>() {
        Some(payload(error))
    } else if error.as_error::<ContentTypeError>().is_some() {
        Some(unsupported("the body's media type is not one the handler reads"))
    } else {
        None
    }
}

fn json(error: &JsonPayloadError) -> Denial {
    match error {
        JsonPayloadError::Overflow { limit }
        | JsonPayloadError::OverflowKnownLength { limit, .. } => own_limit(Some(*limit)),
        JsonPayloadError::ContentType => unsupported("expected `application/json`"),
        JsonPayloadError::Payload(error) => payload(error),
        JsonPayloadError::Deserialize(error) => {
            let at = format!("at line {} column {}", error.line(), error.column());
            match (error.is_data(), missing_field(&error.to_string())) {
                (false, _) => told(DenialKind::Malformed, format!("the body is no JSON {at}")),
                (true, Some(name)) => {
                    told(DenialKind::Invalid, format!("the member `{name}` is missing {at}"))
                }
                (true, None) => {
                    let detail = format!("the body does not have the expected form {at}");
                    told(DenialKind::Invalid, detail)
                }
            }
        }
        _ => told(DenialKind::Malformed, "the body cannot be read"),
    }
}

fn form(error: &UrlencodedError) -> Denial {
    match error {
        UrlencodedError::Overflow { limit, .. } => own_limit(Some(*limit)),
        UrlencodedError::ContentType => unsupported("expected `application/x-www-form-urlencoded`"),
        UrlencodedError::Payload(error) => payload(error),
        UrlencodedError::Parse(error) => malformed("form", &error.to_string()),
        _ => told(DenialKind::Malformed, "the form cannot be read"),
    }
}

fn payload(error: &PayloadError) -> Denial {
    match error {
        PayloadError::Overflow => own_limit(None),
        _ => told(DenialKind::Malformed, "the body did not arrive as announced"),
    }
}

/// The extractor refused the body, not `max_body`.
fn own_limit(limit: Option<usize>) -> Denial {
    let most = limit.map_or_else(String::new, |limit| format!(" of {limit} bytes"));
    let cause = format!(
        "the body is within `max_body` and beyond the extractor's own limit{most}: raise it by \
         `JsonConfig`, `FormConfig` or `PayloadConfig`"
    );
    Denial::new(DenialKind::TooLarge, cause)
}

fn malformed(part: &str, text: &str) -> Denial {
    let detail = match missing_field(text) {
        Some(name) => format!("the parameter `{name}` of the {part} is missing"),
        None => format!("the {part} does not have the expected form"),
    };
    told(DenialKind::Malformed, detail)
}

fn unsupported(detail: &'static str) -> Denial {
    told(DenialKind::UnsupportedMediaType, detail)
}

/// A denial whose cause the client may read. What serde says repeats the value, which belongs
/// neither into the answer nor into the log.
fn told(kind: DenialKind, detail: impl Into<Cow<'static, str>>) -> Denial {
    let detail = detail.into();
    Denial::new(kind, detail.clone()).with_detail(detail)
}

/// The name in serde's ``missing field `name` ``: part of the public interface, not of the types.
fn missing_field(text: &str) -> Option<&str> {
    text.strip_prefix("missing field `")?.split('`').next()
}

/// An error of somebody else's extractor. Faults of this side keep nothing but their status. An
/// answer that the application rendered itself is passed on; the plain text of an error that
/// nobody rendered becomes a problem of the same status.
fn foreign(error: &actix_web::Error) -> Refusal {
    let response = error.error_response();
    let status = response.status();
    if status.is_redirection() || (status.is_client_error() && is_rendered(&response)) {
        return Refusal::Answered(response);
    }
    let kind = match status {
        StatusCode::BAD_REQUEST => DenialKind::Malformed,
        StatusCode::NOT_FOUND => DenialKind::NotFound,
        StatusCode::SERVICE_UNAVAILABLE => DenialKind::Unavailable,
        status if status.is_client_error() => return Refusal::Answered(as_problem(response)),
        _ => DenialKind::Internal,
    };
    Refusal::Denied(match kind {
        // The client's doing: what the extractor says of it may repeat what the client sent.
        DenialKind::Malformed | DenialKind::NotFound => {
            Denial::new(kind, "an extractor refused what was sent")
        }
        kind => Denial::new(kind, error.to_string()),
    })
}

fn is_rendered(response: &HttpResponse) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    media_type.is_some_and(|media_type| !media_type.starts_with(b"text/plain"))
}

fn as_problem(mut response: HttpResponse) -> HttpResponse {
    let status = response.status();
    let title = status.canonical_reason().unwrap_or("Error");
    let body = Problem::new(status.as_u16(), title).to_json();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
    response.map_body(|_, _| actix_web::body::BoxBody::new(body))
}
