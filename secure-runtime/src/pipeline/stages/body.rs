//! The request body: checks of its head before it is read, and the `max_body` limit while it is
//! read.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::{Extensions, Payload as Body};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use futures_core::Stream;

use super::announced::{has_media_type, length, unsupported};
use super::request_body::{RequestBody, Unread};
use super::{content_coding, counted_body, size_warning, timed_body};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::lifetime::{Direction, Lifetime};
use crate::pipeline::open_streams::Socket;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::Refused;
use crate::request::{extensions, extensions_mut};

/// Releases a body that the endpoint does not read. Over HTTP/2, the server then ignores its
/// frames, which it would otherwise keep in memory. Over HTTP/1, the body is held until the request
/// is answered.
#[inline]
pub(in crate::pipeline) fn release_unread(gate: &Gate<'_>, body: &mut RequestBody) {
    let Unread::Untouched(untouched) = &body.unread else { return };
    // The variant for HTTP/2 payloads exists only if actix-web is built with HTTP/2.
    let is_http2 = !matches!(untouched, Body::None | Body::H1 { .. } | Body::Stream { .. });
    if is_http2 && gate.plan.endpoint.policy.bodies.is_empty() {
        body.unread = Unread::Released;
    }
}

/// Checks the media type, the coding and the declared length of the body, and opens it with the
/// endpoint's size limit. The declared length alone limits nothing: a middleware may have replaced
/// the body, for example by a decompressed one.
///
/// # Errors
///
/// 413 and 415.
#[inline]
pub(in crate::pipeline) fn open(
    gate: &Gate<'_>,
    progress: &Progress,
    body: &mut RequestBody,
) -> Result<(), Refused> {
    let (request, plan) = (gate.request, gate.plan);
    if plan.endpoint.policy.bodies.is_empty()
        || matches!(body.unread, Unread::Untouched(Body::None))
    {
        return Ok(());
    }
    if plan.endpoint.policy.websocket {
        open_socket(gate, progress, body);
        return Ok(());
    }
    if !plan.has_compared_sizes.load(Ordering::Relaxed) {
        size_warning::compare(gate);
    }
    let announced = length(request);
    let is_typed = match plan.endpoint.policy.content_type {
        Some(expected) => has_media_type(request, announced, expected)?,
        None => true,
    };
    let coding = content_coding::check(request, &plan.endpoint.policy)?;
    if announced.is_some_and(|length| length > plan.max_body()) {
        return Err(Box::new(too_large(plan.max_body())));
    }
    let may_have_more = match &body.unread {
        Unread::Untouched(body) => {
            // The declared length is that of the encoded body.
            let announced = announced.filter(|_| coding.is_none());
            let may_have = |most: &usize| counted_body::may_have_more(*most, body, announced);
            plan.most_values.filter(may_have)
        }
        Unread::Shared(_) | Unread::Broken(_) | Unread::Released => None,
    };
    let bounds =
        Bounds { left: plan.max_body(), is_typed, is_arriving: true, request: request.clone() };
    let payload: BoxedStream = match std::mem::take(&mut body.unread) {
        Unread::Untouched(body) if announced.is_some() => Box::pin(Bounded { body, bounds }),
        Unread::Untouched(untouched) => {
            let shared = Rc::new(RefCell::new(untouched));
            body.unread = Unread::Shared(Rc::clone(&shared));
            Box::pin(Bounded { body: Shared(shared), bounds })
        }
        Unread::Shared(_) | Unread::Broken(_) | Unread::Released => return Ok(()),
    };
    let payload = match plan.endpoint.policy.body_timeout {
        Some(limit) => timed_body::within(limit, gate, payload),
        None => payload,
    };
    body.opened = Body::Stream { payload };
    #[cfg(feature = "compression")]
    if let Some(coding) = coding {
        let bounds = Bounds {
            left: plan.max_body(),
            is_typed: true,
            is_arriving: false,
            request: request.clone(),
        };
        let decoded = content_coding::decoded(coding, body.opened.take());
        body.opened = Body::Stream { payload: Box::pin(Bounded { body: decoded, bounds }) };
    }
    if let Some(most) = may_have_more {
        counted_body::count(request, &mut body.opened, most);
    }
    Ok(())
}

/// Opens the byte stream of a WebSocket's client. It has no size limit, and ends when the client's
/// credentials end.
fn open_socket(gate: &Gate<'_>, progress: &Progress, body: &mut RequestBody) {
    let Unread::Untouched(untouched) = std::mem::take(&mut body.unread) else { return };
    let lifetime = Lifetime::new(gate, progress);
    let shared = Rc::new(RefCell::new(untouched));
    body.unread = Unread::Shared(Rc::clone(&shared));
    let watch = lifetime.watch(Direction::FromClient);
    body.opened = Body::Stream { payload: Box::pin(Socket { stream: Shared(shared), watch }) };
    body.lifetime = Some(lifetime);
}

/// The fault that was found while the body was read, even if its reader ignored the error.
#[inline]
pub(in crate::pipeline) fn fault(gate: &Gate<'_>) -> Option<Refused> {
    let fault = *gate.request.extensions().get::<Fault>()?;
    Some(Box::new(match (fault, gate.plan.endpoint.policy.content_type) {
        (Fault::Untyped, Some(expected)) => unsupported(expected),
        (Fault::TooSlow, _) => too_slow(),
        _ => too_large(gate.plan.max_body()),
    }))
}

/// The bytes of a body that have arrived since its deadline was last extended. In the extensions of
/// a request whose body is being read.
#[derive(Default)]
struct Arrived(Cell<u64>);

/// Starts counting the bytes that arrive. If an extractor of the application holds the request's
/// extensions, nothing is counted, and the deadline is not extended.
pub(in crate::pipeline) fn count_bytes(request: &HttpRequest) {
    if let Some(mut extensions) = extensions_mut(request) {
        extensions.insert(Arrived::default());
    }
}

/// The extension of the deadline for the bytes since the last call.
pub(in crate::pipeline) fn time_earned(
    request: &HttpRequest,
    rate: NonZeroU32,
) -> Option<Duration> {
    let extensions = extensions(request);
    let arrived = extensions.as_deref().and_then(Extensions::get::<Arrived>);
    let arrived = arrived.map_or(0, |arrived| arrived.0.take());
    timed_body::time_of(arrived, rate)
}

/// Marks that the connection changes to another protocol: the bytes that follow are not a body (RFC
/// 9110 section 7.8).
pub(in crate::pipeline) fn upgrade(request: &HttpRequest) {
    request.extensions_mut().insert(Upgraded);
}

pub(super) type BoxedStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

fn too_large(most: u64) -> Denial {
    let cause = format!("the body is larger than `max_body` allows, {most} bytes");
    Denial::new(DenialKind::TooLarge, cause)
}

pub(super) fn too_slow() -> Denial {
    Denial::new(DenialKind::Timeout, "the body did not arrive before the deadline")
}

/// A fault that is found while a body is read; in the extensions of the request.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    TooLarge,
    /// The deadline passed before the body ended.
    TooSlow,
    /// A body is present, without the media type that the endpoint reads.
    Untyped,
}

/// In the extensions of a request that was answered with an upgrade.
struct Upgraded;

/// The limits of a body.
struct Bounds {
    left: u64,
    is_typed: bool,
    /// Whether these are the bytes that the client sends, before they are decoded.
    is_arriving: bool,
    request: HttpRequest,
}

impl Bounds {
    #[inline]
    fn check(&mut self, chunk: &Bytes) -> Result<(), PayloadError> {
        if self.is_arriving
            && let Some(arrived) = self.request.extensions().get::<Arrived>()
        {
            arrived.0.set(arrived.0.get() + chunk.len() as u64);
        }
        match self.left.checked_sub(chunk.len() as u64) {
            Some(left) if self.is_typed || chunk.is_empty() => {
                self.left = left;
                Ok(())
            }
            left => self.check_upgraded(left.is_some()),
        }
    }

    #[cold]
    fn check_upgraded(&mut self, fits: bool) -> Result<(), PayloadError> {
        let mut extensions = self.request.extensions_mut();
        if extensions.contains::<Upgraded>() {
            return Ok(());
        }
        extensions.insert(if fits { Fault::Untyped } else { Fault::TooLarge });
        self.left = 0;
        Err(PayloadError::Overflow)
    }
}

/// A body that fails as soon as it exceeds its limits.
struct Bounded<B> {
    body: B,
    bounds: Bounds,
}

impl<B: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Bounded<B> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &polled
            && let Err(error) = self.bounds.check(chunk)
        {
            return Poll::Ready(Some(Err(error)));
        }
        polled
    }
}

/// A body that its reader shares with the pipeline.
struct Shared(Rc<RefCell<Body>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.try_borrow_mut() {
            Ok(mut body) => Pin::new(&mut *body).poll_next(context),
            // Nothing else polls it. Ending the body is the safe result.
            Err(_) => Poll::Ready(None),
        }
    }
}
