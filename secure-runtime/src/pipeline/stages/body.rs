//! What can be known of a request's body before it is read, and the bound on the rest.

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
use super::{content_coding, counted_body, sizes, timed_body};
use crate::denial::{Denial, DenialKind};
use crate::pipeline::gate::Gate;
use crate::pipeline::lifetime::{Direction, Lifetime};
use crate::pipeline::open_streams::Socket;
use crate::pipeline::progress::Progress;
use crate::pipeline::refused::Refused;
use crate::request::{extensions, extensions_mut};

/// Lets go of a body that the endpoint does not read. Over HTTP/2 the server then ignores its frames,
/// which it would keep otherwise; over HTTP/1 the body is held until the request is answered.
#[inline]
pub(in crate::pipeline) fn release_unread(gate: &Gate<'_>, body: &mut RequestBody) {
    let Unread::Untouched(untouched) = &body.unread else { return };
    // HTTP/2's kind of payload has a name only where actix-web is built with it.
    let is_http2 = !matches!(untouched, Body::None | Body::H1 { .. } | Body::Stream { .. });
    if is_http2 && gate.plan.endpoint.policy.bodies.is_empty() {
        body.unread = Unread::Released;
    }
}

/// Checks the body's media type, coding and announced size, and opens it, bounded by what the endpoint
/// allows. An announced length bounds nothing by itself: a middleware may have put another body
/// there, one that it decompressed, say.
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
        sizes::compare(gate);
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
            // What is announced is the length of what is coded.
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

/// Hands out what the client of a WebSocket sends: it has no size, and ends with the client's credentials.
fn open_socket(gate: &Gate<'_>, progress: &Progress, body: &mut RequestBody) {
    let Unread::Untouched(untouched) = std::mem::take(&mut body.unread) else { return };
    let lifetime = Lifetime::new(gate, progress);
    let shared = Rc::new(RefCell::new(untouched));
    body.unread = Unread::Shared(Rc::clone(&shared));
    let watch = lifetime.watch(Direction::FromClient);
    body.opened = Body::Stream { payload: Box::pin(Socket { stream: Shared(shared), watch }) };
    body.lifetime = Some(lifetime);
}

/// What was found wrong with a body while it was read, whatever its reader made of that.
#[inline]
pub(in crate::pipeline) fn fault(gate: &Gate<'_>) -> Option<Refused> {
    let fault = *gate.request.extensions().get::<Fault>()?;
    Some(Box::new(match (fault, gate.plan.endpoint.policy.content_type) {
        (Fault::Untyped, Some(expected)) => unsupported(expected),
        (Fault::TooSlow, _) => too_slow(),
        _ => too_large(gate.plan.max_body()),
    }))
}

/// The bytes of a body that have arrived since its time was last extended. Left in a request whose body is
/// waited for.
#[derive(Default)]
struct Arrived(Cell<u64>);

/// Counts what arrives from now on. While an extractor of the application holds the request's extensions,
/// nothing is counted, and its body has the time of any other.
pub(in crate::pipeline) fn count_bytes(request: &HttpRequest) {
    if let Some(mut extensions) = extensions_mut(request) {
        extensions.insert(Arrived::default());
    }
}

/// The time that the bytes since the last call are worth.
pub(in crate::pipeline) fn time_earned(
    request: &HttpRequest,
    rate: NonZeroU32,
) -> Option<Duration> {
    let extensions = extensions(request);
    let arrived = extensions.as_deref().and_then(Extensions::get::<Arrived>);
    let arrived = arrived.map_or(0, |arrived| arrived.0.take());
    timed_body::time_of(arrived, rate)
}

/// The connection speaks another protocol from now on: what follows is no body (RFC 9110 section 7.8).
pub(in crate::pipeline) fn upgrade(request: &HttpRequest) {
    request.extensions_mut().insert(Upgraded);
}

pub(super) type BoxedStream = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

fn too_large(most: u64) -> Denial {
    let cause = format!("the body is larger than `max_body` allows, {most} bytes");
    Denial::new(DenialKind::TooLarge, cause)
}

pub(super) fn too_slow() -> Denial {
    Denial::new(DenialKind::Timeout, "the body was not there in time")
}

/// What is found wrong while a body is read; left in the request.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    TooLarge,
    /// Its time was over before its end came.
    TooSlow,
    /// There is one, without the media type that the endpoint reads.
    Untyped,
}

/// Left in a request that was answered with an upgrade.
struct Upgraded;

/// What a body may be.
struct Bounds {
    left: u64,
    is_typed: bool,
    /// Whether these are the bytes that the client sends.
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

/// A body that fails once it is not what it may be.
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
            // Nobody else polls it; an end is the answer that grants nothing.
            Err(_) => Poll::Ready(None),
        }
    }
}
