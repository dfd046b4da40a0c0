//! Stage 6, first half: what can be known of a body before it is read, and the bound on the rest.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload as Body;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::web::{Bytes, Payload};
use futures_core::Stream;

use crate::denial::{Denial, DenialKind};
use crate::security::Plan;

/// A body of unknown length, kept until a refusal has been sent.
///
/// The server reads a chunked body that nobody holds any more to its end, to reuse the connection;
/// the body of a refused request may never end. While it is held, the server closes instead.
#[expect(dead_code, reason = "held for the moment at which it is dropped")]
pub(super) enum Unread {
    Untouched(Payload),
    Shared(Rc<RefCell<Body>>),
}

/// Before the body is opened: what a refusal must hold.
pub(super) fn unread(request: &HttpRequest, payload: Payload) -> Option<Unread> {
    request.headers().contains_key(TRANSFER_ENCODING).then_some(Unread::Untouched(payload))
}

/// Checks the body's media type and announced size.
pub(super) fn check(request: &HttpRequest, plan: &Plan) -> Result<(), Denial> {
    let announced = announced_length(request);
    let has_body = announced
        .map_or_else(|| request.headers().contains_key(TRANSFER_ENCODING), |length| length > 0);
    if let Some(expected) = plan.endpoint.policy.content_type
        && has_body
        && !has_media_type(request, expected)
    {
        let cause = "the body's media type is not the one the endpoint reads";
        let detail = format!("expected `{expected}`");
        return Err(Denial::new(DenialKind::UnsupportedMediaType, cause).with_detail(detail));
    }
    match announced {
        Some(length) if length > plan.max_body => Err(too_large()),
        _ => Ok(()),
    }
}

/// Opens the body, bounded: by what was announced, of which the decoder reads no more (RFC 9112
/// section 6.3), or by what the endpoint allows.
pub(super) fn open(request: &HttpRequest, payload: Payload, plan: &Plan) -> (Body, Option<Unread>) {
    let body = payload.into_inner();
    if matches!(body, Body::None) || announced_length(request).is_some() {
        return (body, None);
    }
    let shared = Rc::new(RefCell::new(body));
    let bounded = Bounded { body: Rc::clone(&shared), left: plan.max_body };
    (Body::Stream { payload: Box::pin(bounded) }, Some(Unread::Shared(shared)))
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
    body: Rc<RefCell<Body>>,
    left: u64,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = match self.body.try_borrow_mut() {
            Ok(mut body) => Pin::new(&mut *body).poll_next(context),
            // Nobody else polls it; an end is the answer that grants nothing.
            Err(_) => Poll::Ready(None),
        };
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

/// The body of a refusal, holding the request's body until it has been sent.
pub(super) struct Holding {
    pub(super) body: BoxBody,
    pub(super) _unread: Unread,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
