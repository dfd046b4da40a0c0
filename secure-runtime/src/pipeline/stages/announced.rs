//! What the request's head declares about the body: its length and its media type.

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};

use crate::denial::{Denial, DenialKind};
use crate::pipeline::refused::Refused;

/// Whether the body comes in chunks, without a declared length.
pub(super) fn is_chunked(request: &HttpRequest) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING)
}

/// The refusal of a body whose media type is not the one that the endpoint reads.
pub(super) fn unsupported(expected: &str) -> Denial {
    let cause = "the body's media type is not the one the endpoint reads";
    let denial = Denial::new(DenialKind::UnsupportedMediaType, cause);
    denial.with_detail(format!("expected `{expected}`"))
}

/// The declared length. The server's decoder has checked the digits already; a number that does not
/// fit counts as the largest one.
pub(super) fn length(request: &HttpRequest) -> Option<u64> {
    let digits = request.headers().get(CONTENT_LENGTH)?.as_bytes().trim_ascii();
    let length = digits.iter().try_fold(0_u64, |length, digit| {
        length.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    });
    Some(length.unwrap_or(u64::MAX))
}

/// Whether the body has this media type. The comparison ignores case (RFC 9110 section 8.3.1);
/// parameters, such as a charset, may follow.
///
/// # Errors
///
/// If it has another media type and a body is present. If only reading can show whether there is a
/// body (HTTP/2 need not declare a length), the result is `false`, and its first byte is refused.
pub(super) fn has_media_type(
    request: &HttpRequest,
    announced: Option<u64>,
    expected: &str,
) -> Result<bool, Refused> {
    let mut values = request.headers().get_all(CONTENT_TYPE);
    if let (Some(value), None) = (values.next(), values.next()) {
        let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        if essence.trim_ascii().eq_ignore_ascii_case(expected.as_bytes()) {
            return Ok(true);
        }
    }
    match announced {
        Some(1..) => Err(Box::new(unsupported(expected))),
        None if is_chunked(request) => Err(Box::new(unsupported(expected))),
        _ => Ok(false),
    }
}
