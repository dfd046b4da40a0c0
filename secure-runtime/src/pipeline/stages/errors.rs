//! Turns the errors of extractors and of rules into refusals.
//!
//! The messages of serde and actix-web contain the names of Rust types. The client gets texts of
//! this crate instead.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::error::{
    ContentTypeError, InternalError, JsonPayloadError, PathError, PayloadError, QueryPayloadError,
    UrlencodedError,
};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use serde_json::error::Category;

use crate::denial::{Denial, DenialKind};
use crate::pipeline::refused::{EarlyAnswer, Ended};
use crate::pipeline::response::log::excerpt;
use crate::problem::{self, Problem};

/// The refusal for an extractor's error. `max_body` is the endpoint's limit in bytes.
pub(in crate::pipeline) fn refusal(error: &actix_web::Error, max_body: u64) -> Ended {
    if let Some(denial) = extractor_limit(error, max_body) {
        return Ended::Refused(Box::new(denial));
    }
    denial_of(error)
        .map_or_else(|| application_error(error), |denial| Ended::Refused(Box::new(denial)))
}

/// Turns these statuses into 404, for an endpoint that does not reveal whether an object exists.
pub(in crate::pipeline) fn hide(ended: Ended, statuses: std::ops::Range<u16>) -> Ended {
    let not_found = |cause| Ended::Refused(Box::new(Denial::new(DenialKind::NotFound, cause)));
    match ended {
        Ended::Refused(denial) if statuses.contains(&denial.kind().status()) => {
            not_found(denial.cause().to_owned())
        }
        Ended::Answered(answer) if statuses.contains(&answer.response.status().as_u16()) => {
            not_found(answer.cause)
        }
        ended => ended,
    }
}

/// Whether an error that a handler returned comes from reading a body.
pub(in crate::pipeline) fn is_end_of_a_body(error: &actix_web::Error) -> bool {
    #[cfg(feature = "multipart")]
    if error.as_error::<actix_multipart::MultipartError>().is_some() {
        return true;
    }
    error.as_error::<PayloadError>().is_some()
}

/// The denial for an error of this crate or of actix-web.
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
    } else if let Some(error) = multipart(error) {
        Some(error)
    } else if error.as_error::<ContentTypeError>().is_some() {
        Some(unsupported("the body's media type is not one the handler reads"))
    } else {
        None
    }
}

fn json(error: &JsonPayloadError) -> Denial {
    match error {
        JsonPayloadError::ContentType => unsupported("expected `application/json`"),
        JsonPayloadError::Payload(error) => payload(error),
        JsonPayloadError::Deserialize(error) => deserialized(error),
        _ => visible_denial(DenialKind::Malformed, "the body cannot be read"),
    }
}

/// The denial for a JSON body that cannot be deserialized: it is not JSON, or not of the expected
/// type.
///
/// `serde_json` classifies some errors about the type as syntax errors. Only their text shows the
/// difference. Two of them cannot be told apart without the body; their detail is true in both
/// cases.
fn deserialized(error: &serde_json::Error) -> Denial {
    use DenialKind::{Invalid, Malformed};
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    let (kind, detail) = match (error.classify(), what) {
        (Category::Data, what) => match missing_field(what) {
            Some(name) => (Invalid, format!("the member `{name}` is missing")),
            None => (Invalid, String::from("the body does not have the expected form")),
        },
        // A list that is too long for a struct or a tuple, or text after the end.
        (Category::Syntax, "trailing characters") => {
            (Invalid, String::from("the body has more than the expected form"))
        }
        // Not a JSON value, or a value that an enum does not accept.
        (Category::Syntax, "expected value") => {
            (Malformed, String::from("the body is not JSON, or has an unexpected value,"))
        }
        // Both are about the key of a map with numeric keys.
        (
            Category::Syntax,
            "invalid value: expected key to be a number in quotes" | "expected `\"`",
        ) => (Invalid, String::from("the body has a member that is no number")),
        (Category::Syntax, "number out of range") => {
            (Invalid, String::from("the body has a number that is out of range"))
        }
        (Category::Syntax, "recursion limit exceeded") => {
            (Malformed, String::from("the body is nested too deeply"))
        }
        (Category::Eof, _) => (Malformed, String::from("the body is not JSON: it ends too early")),
        _ => (Malformed, String::from("the body is not JSON")),
    };
    visible_denial(kind, format!("{detail} at line {} column {}", error.line(), error.column()))
}

fn form(error: &UrlencodedError) -> Denial {
    match error {
        UrlencodedError::ContentType => unsupported("expected `application/x-www-form-urlencoded`"),
        UrlencodedError::Payload(error) => payload(error),
        UrlencodedError::Parse(error) => malformed("form", &error.to_string()),
        _ => visible_denial(DenialKind::Malformed, "the form cannot be read"),
    }
}

#[cfg(feature = "multipart")]
use super::multipart_errors::denial as multipart;

/// Without the feature, the error's type is not available.
#[cfg(not(feature = "multipart"))]
fn multipart(_: &actix_web::Error) -> Option<Denial> {
    None
}

pub(super) fn payload(error: &PayloadError) -> Denial {
    match error {
        PayloadError::EncodingCorrupted => visible_denial(
            DenialKind::Malformed,
            "the body is not coded as `Content-Encoding` says",
        ),
        _ => visible_denial(DenialKind::Malformed, "the body did not arrive as announced"),
    }
}

/// The denial for a body that is within `max_body`, but beyond the extractor's own limit: a limit
/// that the application has set, or actix-web's default outside of a secured scope.
fn extractor_limit(error: &actix_web::Error, max_body: u64) -> Option<Denial> {
    let (limit, config) = match (error.as_error(), error.as_error(), error.as_error()) {
        (
            Some(
                JsonPayloadError::Overflow { limit }
                | JsonPayloadError::OverflowKnownLength { limit, .. },
            ),
            ..,
        ) => (Some(*limit), "JsonConfig::default().limit"),
        (_, Some(UrlencodedError::Overflow { limit, .. }), _) => {
            (Some(*limit), "FormConfig::default().limit")
        }
        (Some(JsonPayloadError::Payload(PayloadError::Overflow)), ..)
        | (_, Some(UrlencodedError::Payload(PayloadError::Overflow)), _)
        | (.., Some(PayloadError::Overflow)) => (None, "PayloadConfig::new"),
        _ => return None,
    };
    let most = limit.map_or_else(String::new, |limit| format!(" of {limit} bytes"));
    let cause = format!(
        "the body is within `max_body` ({max_body} bytes) and beyond the extractor's own limit{most}: mount \
         the handler in `secure_runtime::scope`, or `.app_data(web::{config}({max_body}))`"
    );
    Some(Denial::new(DenialKind::TooLarge, cause))
}

/// Why `web::Path` could not read the path. For the log only, because the text contains names of
/// Rust types.
pub(crate) fn unfit_path(error: &actix_web::Error) -> Option<String> {
    let text = if let Some(PathError::Deserialize(error)) = error.as_error() {
        error.to_string()
    } else {
        // The form of the error that `web::Path` itself creates.
        error.as_error::<InternalError<serde::de::value::Error>>()?.to_string()
    };
    let counts = text.strip_prefix("wrong number of parameters: ");
    Some(match counts.and_then(|counts| counts.split_once(" expected ")) {
        Some((found, expected)) => format!("the path has {found} segments, expected {expected}"),
        None => format!("a path segment does not parse: {}", excerpt(&text)),
    })
}

fn malformed(part: &str, text: &str) -> Denial {
    let detail = match missing_field(text) {
        Some(name) => format!("the parameter `{name}` of the {part} is missing"),
        None => format!("the {part} does not have the expected form"),
    };
    visible_denial(DenialKind::Malformed, detail)
}

pub(super) fn unsupported(detail: &'static str) -> Denial {
    visible_denial(DenialKind::UnsupportedMediaType, detail)
}

/// A denial whose cause the client may see. It does not contain serde's message, which repeats the
/// value; the value belongs neither into the response nor into the log.
pub(super) fn visible_denial(kind: DenialKind, detail: impl Into<Cow<'static, str>>) -> Denial {
    let detail = detail.into();
    Denial::new(kind, detail.clone()).with_detail(detail)
}

/// The name in serde's ``missing field `name` ``. It is part of the public interface, not of a Rust
/// type.
fn missing_field(text: &str) -> Option<&str> {
    text.strip_prefix("missing field `")?.split('`').next()
}

/// The result for an error of an application's extractor, or of an expression of a rule. A server
/// error keeps only its status. A response that the application rendered is passed on. The plain
/// text of an error without a rendered response becomes a problem of the same status. The error's
/// message goes to the log.
fn application_error(error: &actix_web::Error) -> Ended {
    let response = error.error_response();
    let status = response.status();
    let answered = || format!("an extractor or a rule answered: {}", excerpt(&error.to_string()));
    let cause = unfit_path(error).unwrap_or_else(answered);
    let answer = |response, cause| Ended::Answered(Box::new(EarlyAnswer { response, cause }));
    if status.is_redirection() || (status.is_client_error() && is_rendered(&response)) {
        return answer(response, cause);
    }
    let kind = match status {
        StatusCode::BAD_REQUEST => DenialKind::Malformed,
        StatusCode::NOT_FOUND => DenialKind::NotFound,
        StatusCode::SERVICE_UNAVAILABLE => DenialKind::Unavailable,
        status if status.is_client_error() => {
            // A denial would lose the header fields of the error, such as a challenge.
            let kind = DenialKind::of_status(status.as_u16()).filter(|_| !has_fields(&response));
            let Some(kind) = kind else { return answer(as_problem(response), cause) };
            kind
        }
        _ => DenialKind::Internal,
    };
    Ended::Refused(Box::new(Denial::new(kind, cause)))
}

fn is_rendered(response: &HttpResponse) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    media_type.is_some_and(|media_type| !media_type.starts_with(b"text/plain"))
}

/// Header fields other than those of the body.
fn has_fields(response: &HttpResponse) -> bool {
    response.headers().keys().any(|name| *name != CONTENT_TYPE && *name != CONTENT_LENGTH)
}

fn as_problem(mut response: HttpResponse) -> HttpResponse {
    let status = response.status();
    let body = Problem::new(status.as_u16()).to_json();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
    response.map_body(|_, _| actix_web::body::BoxBody::new(body))
}
