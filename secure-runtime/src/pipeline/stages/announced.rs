//! What a request's head says of its body.

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};

use crate::denial::{Denial, DenialKind};
use crate::pipeline::refused::Refused;

/// Whether the body comes in chunks, without a length.
pub(super) fn is_chunked(request: &HttpRequest) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING)
}

/// The body is not of the media type that the endpoint reads.
pub(super) fn unsupported(expected: &str) -> Denial {
    let cause = "the body's media type is not the one the endpoint reads";
    let denial = Denial::new(DenialKind::UnsupportedMediaType, cause);
    denial.with_detail(format!("expected `{expected}`"))
}

/// What the decoder has read and checked already; digits that do not fit count as too many.
pub(super) fn length(request: &HttpRequest) -> Option<u64> {
    let digits = request.headers().get(CONTENT_LENGTH)?.as_bytes().trim_ascii();
    let length = digits.iter().try_fold(0_u64, |length, digit| {
        length.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    });
    Some(length.unwrap_or(u64::MAX))
}

/// Whether the body has the media type, which is compared without regard to case (RFC 9110 section
/// 8.3.1); parameters, such as a charset, may follow.
///
/// # Errors
///
/// If it does not, and a body is there. Where only reading tells (HTTP/2 need not announce a length), the
/// first byte is what is refused.
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
