//! Stage 6, second half: what goes wrong while the arguments are extracted, as denials.
//!
//! What serde and actix-web say of a failure names Rust types; the client reads our own words.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::error::{
    ContentTypeError, JsonPayloadError, PayloadError, QueryPayloadError, UrlencodedError,
};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};

use super::body::too_large;
use crate::denial::{Denial, DenialKind};
use crate::problem::{self, Problem};

/// Polls until it is done, but not longer than `limit`; false if it was not done by then.
///
/// What is done at once, as arguments mostly are, costs no timer. It takes a closure rather than a
/// future, so that it is compiled once and not for every handler.
pub(super) async fn in_time(
    poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    limit: Duration,
) -> bool {
    let mut deadline = None;
    poll_fn(|context| {
        if poll(context).is_ready() {
            return Poll::Ready(true);
        }
        let deadline = deadline.get_or_insert_with(|| Box::pin(actix_web::rt::time::sleep(limit)));
        deadline.as_mut().poll(context).map(|()| false)
    })
    .await
}

/// What a failure comes to.
pub(super) enum Refusal {
    Denied(Denial),
    /// An extractor of the application rendered its own answer.
    Answered(HttpResponse),
}

/// What it comes to that there are no arguments; without an error, that they took too long.
pub(super) fn refusal(error: Option<&actix_web::Error>) -> Refusal {
    match error {
        Some(error) => denial_of(error).map_or_else(|| foreign(error), Refusal::Denied),
        None => {
            let cause = "the arguments did not arrive in time";
            Refusal::Denied(Denial::new(DenialKind::Timeout, cause))
        }
    }
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
        Some(unsupported(error))
    } else {
        None
    }
}

fn json(error: &JsonPayloadError) -> Denial {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            too_large()
        }
        JsonPayloadError::ContentType => {
            unsupported(error).with_detail("expected `application/json`")
        }
        JsonPayloadError::Payload(error) => payload(error),
        JsonPayloadError::Deserialize(error) if error.is_data() => {
            let at = format!("at line {} column {}", error.line(), error.column());
            let text = error.to_string();
            let detail = match missing_field(&text) {
                Some(name) => format!("the member `{name}` is missing {at}"),
                None => format!("the body does not have the expected form {at}"),
            };
            Denial::new(DenialKind::Invalid, text).with_detail(detail)
        }
        JsonPayloadError::Deserialize(error) => {
            let detail =
                format!("the body is no JSON at line {} column {}", error.line(), error.column());
            Denial::new(DenialKind::Malformed, error.to_string()).with_detail(detail)
        }
        error => Denial::new(DenialKind::Malformed, error.to_string()),
    }
}

fn form(error: &UrlencodedError) -> Denial {
    match error {
        UrlencodedError::Overflow { .. } => too_large(),
        UrlencodedError::ContentType => {
            unsupported(error).with_detail("expected `application/x-www-form-urlencoded`")
        }
        UrlencodedError::Payload(error) => payload(error),
        UrlencodedError::Parse(error) => malformed("form", &error.to_string()),
        error => Denial::new(DenialKind::Malformed, error.to_string()),
    }
}

fn payload(error: &PayloadError) -> Denial {
    match error {
        PayloadError::Overflow => too_large(),
        error => Denial::new(DenialKind::Malformed, error.to_string())
            .with_detail("the body did not arrive as announced"),
    }
}

fn malformed(part: &str, text: &str) -> Denial {
    let detail = match missing_field(text) {
        Some(name) => format!("the parameter `{name}` of the {part} is missing"),
        None => format!("the {part} does not have the expected form"),
    };
    Denial::new(DenialKind::Malformed, text.to_owned()).with_detail(detail)
}

fn unsupported(error: &impl std::fmt::Display) -> Denial {
    Denial::new(DenialKind::UnsupportedMediaType, error.to_string())
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
    Refusal::Denied(Denial::new(kind, error.to_string()))
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
