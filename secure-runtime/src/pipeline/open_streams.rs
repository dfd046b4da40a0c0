//! Responses that continue after their handler has returned: WebSockets, server-sent events, other
//! streams.
//!
//! 1. Each counts in `concurrency` until its last byte is sent, or until its client is gone.
//! 2. A WebSocket and a stream of server-sent events end when the caller's credentials expire or
//!    are revoked. Any other stream is one response, which is sent to its end.
//! 3. A WebSocket gets the reason: a close frame with the code 1008 (RFC 6455 section 7.4.1).

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT};
use actix_web::web::Bytes;
use futures_core::Stream;

use super::gate::Gate;
use super::lifetime::{Direction, Lifetime, Watch};
use super::progress::Progress;
use crate::throttling::Permit;

/// Keeps the concurrency slots of the request while its response continues, and ends the response
/// with the credentials.
pub(super) fn wrap(
    gate: &Gate<'_>,
    request: &mut Progress,
    lifetime: Option<Rc<Lifetime>>,
    response: &mut HttpResponse,
) {
    let is_socket = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let ends = is_socket || is_event_stream(response);
    let watch = ends.then(|| {
        let lifetime = lifetime.unwrap_or_else(|| Lifetime::new(gate, request));
        lifetime.watch(Direction::ToClient)
    });
    let permits = std::mem::take(&mut request.limit_state.permits);
    if watch.is_none() && permits.is_empty() {
        return;
    }
    // A scope policy does not declare the protocol of the endpoint behind it; the response does.
    let is_accepted = || response.headers().contains_key(SEC_WEBSOCKET_ACCEPT);
    let speaks = gate.plan.endpoint.policy.websocket || (request.is_scope_policy && is_accepted());
    let close_frame = (is_socket && speaks).then(|| Bytes::from_static(CLOSED));
    let plain = std::mem::replace(response, HttpResponse::new(StatusCode::OK));
    *response = plain.map_body(|_, body| {
        BoxBody::new(OpenStream { body: Some(body), watch, close_frame, permits })
    });
}

fn is_event_stream(response: &HttpResponse) -> bool {
    let value = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    let essence = value.and_then(|value| value.split(|byte| *byte == b';').next());
    essence.is_some_and(|it| it.trim_ascii().eq_ignore_ascii_case(b"text/event-stream"))
}

/// A close frame of a server with the code 1008, policy violation, and a reason (RFC 6455 sections
/// 5.5.1 and 7.4.1).
const CLOSED: &[u8] = b"\x88\x17\x03\xf0credentials not valid";

/// The body of a response that continues after the handler.
struct OpenStream {
    /// `None` once the stream was ended.
    body: Option<BoxBody>,
    watch: Option<Watch>,
    /// The last bytes that are sent when the credentials end.
    close_frame: Option<Bytes>,
    /// The concurrency slots; released when this is dropped, or when the stream is ended.
    permits: Vec<Permit>,
}

impl MessageBody for OpenStream {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(watch) = &mut self.watch
            && watch.poll(context).is_ready()
        {
            self.watch = None;
            self.body = None;
            self.permits.clear();
        }
        match &mut self.body {
            Some(body) => Pin::new(body).poll_next(context),
            None => Poll::Ready(self.close_frame.take().map(Ok)),
        }
    }
}

/// The bytes that a WebSocket's client sends, until its credentials end.
pub(super) struct Socket<S> {
    pub(super) stream: S,
    pub(super) watch: Watch,
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Socket<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.watch.poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.stream).poll_next(context)
    }
}
