//! Errors of extractors and of rules, as refusals.
//!
//! What serde and actix-web say of a failure names Rust types; the client reads our own words.

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

/// What it comes to that there are no arguments, where bodies may have so many bytes.
pub(in crate::pipeline) fn refusal(error: &actix_web::Error, max_body: u64) -> Ended {
    if let Some(denial) = extractor_limit(error, max_body) {
        return Ended::Refused(Box::new(denial));
    }
    denial_of(error)
        .map_or_else(|| application_error(error), |denial| Ended::Refused(Box::new(denial)))
}

/// The same where it may not tell whether there is something: these statuses become 404.
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

/// Whether an error that a handler returned is about the reading of a body.
pub(in crate::pipeline) fn is_end_of_a_body(error: &actix_web::Error) -> bool {
    #[cfg(feature = "multipart")]
    if error.as_error::<actix_multipart::MultipartError>().is_some() {
        return true;
    }
    error.as_error::<PayloadError>().is_some()
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

/// What is wrong with the text of a JSON body: whether it is no JSON, or another one than the type takes.
///
/// Some errors that `serde_json` counts as syntax are about the type. Only their text tells them apart,
/// and two of them not at all without the body: then the detail is true of both.
fn deserialized(error: &serde_json::Error) -> Denial {
    use DenialKind::{Invalid, Malformed};
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    let (kind, detail) = match (error.classify(), what) {
        (Category::Data, what) => match missing_field(what) {
            Some(name) => (Invalid, format!("the member `{name}` is missing")),
            None => (Invalid, String::from("the body does not have the expected form")),
        },
        // A list that is too long for a struct or a tuple, or text behind the end.
        (Category::Syntax, "trailing characters") => {
            (Invalid, String::from("the body has more than the expected form"))
        }
        // A value of no kind, or one that an enum does not take.
        (Category::Syntax, "expected value") => {
            (Malformed, String::from("the body is no JSON, or has an unexpected value,"))
        }
        // Both about the key of a map with numbers as keys.
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
        (Category::Eof, _) => (Malformed, String::from("the body is no JSON: it ends too early")),
        _ => (Malformed, String::from("the body is no JSON")),
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

/// Without the feature, the type of such an error has no name here.
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

/// The extractor refused the body, not `max_body`: by a limit that the application has set, or that
/// actix-web has where nothing lifts it.
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

/// Why `web::Path` could not read the path, for the operator: the text names types of Rust.
pub(crate) fn unfit_path(error: &actix_web::Error) -> Option<String> {
    let text = if let Some(PathError::Deserialize(error)) = error.as_error() {
        error.to_string()
    } else {
        // What `web::Path` makes of it by itself.
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

/// A denial whose cause the client may read. What serde says repeats the value, which belongs
/// neither into the answer nor into the log.
pub(super) fn visible_denial(kind: DenialKind, detail: impl Into<Cow<'static, str>>) -> Denial {
    let detail = detail.into();
    Denial::new(kind, detail.clone()).with_detail(detail)
}

/// The name in serde's ``missing field `name` ``: part of the public interface, not of the types.
fn missing_field(text: &str) -> Option<&str> {
    text.strip_prefix("missing field `")?.split('`').next()
}

/// An error of somebody else's extractor, or of an expression of a rule. Faults of this side keep
/// nothing but their status. An answer that the application rendered itself is passed on; the plain text
/// of an error that nobody rendered becomes a problem of the same status. What the error says, the
/// operator reads.
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
            // A denial would lose the fields that the error has, a challenge for instance.
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

/// Beside those of its body.
fn has_fields(response: &HttpResponse) -> bool {
    response.headers().keys().any(|name| *name != CONTENT_TYPE && *name != CONTENT_LENGTH)
}

fn as_problem(mut response: HttpResponse) -> HttpResponse {
    let status = response.status();
    let body = Problem::new(status.as_u16()).to_json();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
    response.map_body(|_, _| actix_web::body::BoxBody::new(body))
}
