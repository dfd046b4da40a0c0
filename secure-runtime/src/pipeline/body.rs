//! Stage 6, first half: what can be known of a body before it is read, and the bound on the rest.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpRequest;
use actix_web::dev::Payload as Body;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::web::{Bytes, Payload};
use futures_core::Stream;

use crate::denial::{Denial, DenialKind};
use crate::security::Plan;

/// Checks the body's media type and announced size; bounds a body that announces none.
pub(super) fn open(request: &HttpRequest, payload: Payload, plan: &Plan) -> Result<Body, Denial> {
    let body = payload.into_inner();
    if matches!(body, Body::None) {
        return Ok(body);
    }
    let announced = announced_length(request);
    if let Some(expected) = plan.endpoint.policy.content_type
        && announced != Some(0)
        && !has_media_type(request, expected)
    {
        let cause = "the body's media type is not the one the endpoint reads";
        let detail = format!("expected `{expected}`");
        return Err(Denial::new(DenialKind::UnsupportedMediaType, cause).with_detail(detail));
    }
    match announced {
        Some(length) if length > plan.max_body => Err(too_large()),
        // The decoder reads no more than what was announced (RFC 9112 section 6.3).
        Some(_) => Ok(body),
        None => Ok(Body::Stream { payload: Box::pin(Bounded { body, left: plan.max_body }) }),
    }
}

/// Whether a body may still be arriving whose end nobody knows.
pub(super) fn is_endless(request: &HttpRequest) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING)
}

pub(super) fn too_large() -> Denial {
    Denial::new(DenialKind::TooLarge, "the body is larger than the endpoint allows")
}

fn announced_length(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Compares type and subtype without regard to case (RFC 9110 section 8.3.1); parameters, such as
/// a charset, may follow.
fn has_media_type(request: &HttpRequest, expected: &str) -> bool {
    let mut values = request.headers().get_all(CONTENT_TYPE);
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(expected.as_bytes())
}

/// A body that fails once it is larger than allowed.
struct Bounded {
    body: Body,
    left: u64,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &polled {
            match self.left.checked_sub(chunk.len() as u64) {
                Some(left) => self.left = left,
                None => {
                    self.left = 0;
                    return Poll::Ready(Some(Err(PayloadError::Overflow)));
                }
            }
        }
        polled
    }
}
