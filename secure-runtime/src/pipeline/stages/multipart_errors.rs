//! Turns the errors of actix-multipart into denials.

use actix_multipart::MultipartError;
use actix_web::error::PayloadError;

use super::errors::{payload, unsupported, visible_denial};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::response::log::excerpt;

/// The denial for a multipart error; `None` for another error.
pub(super) fn denial(error: &actix_web::Error) -> Option<Denial> {
    error.as_error::<MultipartError>().map(of)
}

fn of(error: &MultipartError) -> Denial {
    use MultipartError::{
        BoundaryMissing, ContentTypeIncompatible, ContentTypeMissing, ContentTypeParse,
        DuplicateField, Field, Incomplete, MissingField, Payload, UnknownField,
    };
    let malformed = |detail: String| visible_denial(DenialKind::Malformed, detail);
    match error {
        ContentTypeMissing | ContentTypeParse | ContentTypeIncompatible => {
            unsupported("expected `multipart/form-data`")
        }
        BoundaryMissing => malformed(String::from("the multipart body has no `boundary`")),
        Incomplete => malformed(String::from("the multipart body ends too early")),
        Payload(PayloadError::Overflow) => too_large(None),
        Payload(error) => payload(error),
        Field { name, source } => match source.as_error() {
            Some(MultipartError::Payload(PayloadError::Overflow)) => too_large(Some(name)),
            Some(inner) => of(inner),
            None => field(name, source),
        },
        MissingField(name) => malformed(format!("the field `{}` is missing", excerpt(name))),
        DuplicateField(name) => malformed(format!("the field `{}` stands twice", excerpt(name))),
        UnknownField(name) => malformed(format!("the field `{}` is unknown", excerpt(name))),
        other => {
            let cause =
                format!("the multipart body cannot be read: {}", excerpt(&other.to_string()));
            Denial::new(DenialKind::Malformed, cause)
                .with_detail("the multipart body cannot be read")
        }
    }
}

/// The denial for a field that cannot be read as its type. A fault of the server, such as a full
/// disk, stays a 500.
fn field(name: &str, source: &actix_web::Error) -> Denial {
    let is_fault = source.as_response_error().status_code().is_server_error();
    let kind = if is_fault { DenialKind::Internal } else { DenialKind::Malformed };
    let cause = format!("field `{}`: {}", excerpt(name), excerpt(&source.to_string()));
    let denial = Denial::new(kind, cause);
    if is_fault {
        return denial;
    }
    denial.with_detail(format!("the field `{}` does not have the expected form", excerpt(name)))
}

/// The denial for a limit of the form or of a field, not `max_body`.
fn too_large(field: Option<&str>) -> Denial {
    let what = match field {
        Some(name) => format!("the field `{}`", excerpt(name)),
        None => String::from("the form, or a field of it,"),
    };
    let cause = format!(
        "{what} is within `max_body` and beyond a limit of the form: `#[multipart(limit = …)]` of \
         the field, or `total_limit` or `memory_limit` of `MultipartFormConfig`"
    );
    Denial::new(DenialKind::TooLarge, cause).with_detail(format!("{what} is too large"))
}
