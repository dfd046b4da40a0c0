//! Stage 6, first half: what can be known of a body before it is read, and the bound on the rest.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload as Body;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_core::Stream;

use super::counted_body;
use super::passage::Refused;
use crate::denial::{Denial, DenialKind};
use crate::security::Plan;

/// A request's body, kept until a refusal has been sent.
///
/// The server reads a chunked body that nobody holds any more to its end, to reuse the connection;
/// the body of a refused request may never end. While it is held, the server closes instead.
#[derive(Default)]
pub(super) enum Unread {
    /// The body is not open yet.
    Untouched(Body),
    /// It is open and of unknown length, so that its reader shares it.
    Shared(#[expect(dead_code, reason = "held for when it is dropped")] Rc<RefCell<Body>>),
    /// It is open and of known length: the server closes by itself if not all of it was read.
    #[default]
    Released,
}

impl Unread {
    /// The response, holding what must outlive its sending; and a body of known length that nobody has
    /// asked for.
    pub(super) fn held_by(
        self,
        response: HttpResponse,
        request: &HttpRequest,
    ) -> (HttpResponse, Body) {
        match self {
            Self::Released => (response, Body::None),
            _ if request.headers().contains_key(TRANSFER_ENCODING) => {
                let holding = |_: &mut _, body| BoxBody::new(Holding { body, _unread: self });
                (response.map_body(holding), Body::None)
            }
            Self::Untouched(body) => (response, body),
            Self::Shared(_) => (response, Body::None),
        }
    }
}

/// Checks the body's media type and announced size, and opens it, bounded by what the endpoint
/// allows. An announced length bounds nothing by itself: a middleware may have put another body
/// there, one that it decompressed, say.
#[inline]
pub(super) fn open(
    request: &HttpRequest,
    (unread, opened): (&mut Unread, &mut Body),
    plan: &Plan,
) -> Result<(), Refused> {
    if matches!(unread, Unread::Untouched(Body::None)) {
        return Ok(());
    }
    let announced = announced_length(request);
    if let Some(expected) = plan.endpoint.policy.content_type {
        check_media_type(request, announced, expected)?;
    }
    if announced.is_some_and(|length| length > plan.max_body) {
        return Err(Box::new(too_large()));
    }
    let may_have_more = match &*unread {
        Unread::Untouched(body) => plan
            .most_values
            .filter(|most| counted_body::may_have_more(*most, (body, announced), request)),
        Unread::Shared(_) | Unread::Released => None,
    };
    let left = plan.max_body;
    let payload: BoxedStream = match std::mem::take(unread) {
        Unread::Untouched(body) if announced.is_some() => Box::pin(Bounded { body, left }),
        Unread::Untouched(body) => {
            let body = Rc::new(RefCell::new(body));
            *unread = Unread::Shared(Rc::clone(&body));
            Box::pin(Bounded { body: Shared(body), left })
        }
        Unread::Shared(_) | Unread::Released => return Ok(()),
    };
    *opened = Body::Stream { payload };
    if let Some(most) = may_have_more {
        counted_body::count(request, opened, most);
    }
    Ok(())
}

/// Whether the end of a body is still to come, as far as the server has read. It has read the head alone
/// when it first asks for the response; what came along it takes in before it asks again.
pub(super) fn is_still_coming(mut body: Body, context: &mut Context<'_>) -> bool {
    // Of no other kind is only there what was read already.
    if !matches!(body, Body::H1 { .. }) {
        return false;
    }
    loop {
        match Pin::new(&mut body).poll_next(context) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(None | Some(Err(_))) => return false,
            Poll::Pending => return true,
        }
    }
}

type BoxedStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

pub(super) fn too_large() -> Denial {
    Denial::new(DenialKind::TooLarge, "the body is larger than the endpoint allows")
}

/// What the decoder has read and checked already; digits that do not fit count as too many.
fn announced_length(request: &HttpRequest) -> Option<u64> {
    let digits = request.headers().get(CONTENT_LENGTH)?.as_bytes().trim_ascii();
    let length = digits.iter().try_fold(0_u64, |length, digit| {
        length.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    });
    Some(length.unwrap_or(u64::MAX))
}

fn check_media_type(
    request: &HttpRequest,
    announced: Option<u64>,
    expected: &str,
) -> Result<(), Refused> {
    // HTTP/2 need not announce a length; a request that reads has no body then.
    let is_chunked = || request.headers().contains_key(TRANSFER_ENCODING);
    let may_follow = || is_chunked() || !request.method().is_safe();
    let has_body = announced.map_or_else(may_follow, |length| length > 0);
    if !has_body || has_media_type(request, expected) {
        return Ok(());
    }
    let cause = "the body's media type is not the one the endpoint reads";
    let denial = Denial::new(DenialKind::UnsupportedMediaType, cause);
    Err(Box::new(denial.with_detail(format!("expected `{expected}`"))))
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
struct Bounded<B> {
    body: B,
    left: u64,
}

impl<B: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Bounded<B> {
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

/// A body that its reader shares with the [`Passage`](super::passage::Passage).
struct Shared(Rc<RefCell<Body>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.try_borrow_mut() {
            Ok(mut body) => Pin::new(&mut *body).poll_next(context),
            // Nobody else polls it; an end is the answer that grants nothing.
            Err(_) => Poll::Ready(None),
        }
    }
}

/// The body of a refusal, holding the request's body until it has been sent.
struct Holding {
    body: BoxBody,
    _unread: Unread,
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
