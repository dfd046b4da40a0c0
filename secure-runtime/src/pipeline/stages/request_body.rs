//! Holds the request body until the request is answered.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload as Body;
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_core::Stream;

use super::announced::is_chunked;
use crate::pipeline::SecuredResponse;
use crate::pipeline::lifetime::Lifetime;

/// A request's body, held until the response to a refused request has been sent.
///
/// The server reads a chunked body that is dropped to its end, to reuse the connection. The body of
/// a refused request may never end. While it is held, the server closes the connection instead.
pub(in crate::pipeline) struct RequestBody {
    /// The body for the handler's extractors; empty before it is opened.
    pub(super) opened: Body,
    pub(super) unread: Unread,
    /// For a WebSocket: how long it may last.
    pub(super) lifetime: Option<Rc<Lifetime>>,
    /// Whether the response to a refused request was delayed.
    was_delayed: bool,
}

#[derive(Default)]
pub(super) enum Unread {
    /// The body is not open yet.
    Untouched(Body),
    /// The body is open and has no declared length; its reader shares it.
    Shared(Rc<RefCell<Body>>),
    /// The body cannot be decoded, so its end cannot be found.
    Broken(#[expect(dead_code, reason = "held for when it is dropped")] Box<Unread>),
    /// The body is open and has a declared length: the server itself closes the connection if the
    /// body was not read completely.
    #[default]
    Released,
}

impl RequestBody {
    pub(in crate::pipeline) fn new(body: Body) -> Self {
        Self {
            opened: Body::None,
            unread: Unread::Untouched(body),
            lifetime: None,
            was_delayed: false,
        }
    }

    /// The body for extractors.
    pub(in crate::pipeline) fn opened(&mut self) -> &mut Body {
        &mut self.opened
    }

    /// For a WebSocket: how long it may last.
    pub(in crate::pipeline) fn lifetime(&self) -> Option<Rc<Lifetime>> {
        self.lifetime.clone()
    }

    /// Ends the reading of a body, because the request is refused.
    pub(in crate::pipeline) fn refuse(&mut self) {
        self.opened = Body::None;
    }

    /// Checks once whether all of a refused request's body has arrived. At the first poll, the
    /// server has read only the head. Before the second one, it reads the bytes that came with the
    /// head.
    fn poll_end(&mut self, request: &HttpRequest, context: &mut Context<'_>) -> Poll<()> {
        let mut unread = std::mem::take(&mut self.unread);
        let is_coming = unread.is_still_coming(context);
        if is_coming && is_chunked(request) {
            self.unread = unread;
        }
        if is_coming { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Delays the response to a refused request once, if the server has not read the whole body
    /// yet. Meanwhile the server reads a body that came with its head, and the connection stays
    /// open; it closes a connection whose body is still arriving.
    pub(in crate::pipeline) fn poll_delay(
        &mut self,
        request: &HttpRequest,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if std::mem::replace(&mut self.was_delayed, true) {
            return Poll::Ready(());
        }
        let is_there = self.poll_end(request, context);
        if is_there.is_pending() {
            context.waker().wake_by_ref();
        }
        is_there
    }

    /// The response to a refused request, after the delay.
    pub(in crate::pipeline) async fn send_refusal(
        mut self,
        request: &HttpRequest,
        refused: SecuredResponse,
    ) -> SecuredResponse {
        poll_fn(|context| self.poll_delay(request, context)).await;
        let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        refused.map(|response| self.hold_request_body(response, &mut Context::from_waker(&waker)))
    }

    /// The response to a refused request. It holds the body if the end has not arrived.
    pub(in crate::pipeline) fn hold_request_body(
        &mut self,
        mut response: HttpResponse,
        context: &mut Context<'_>,
    ) -> HttpResponse {
        let mut unread = std::mem::take(&mut self.unread);
        if !unread.is_still_coming(context) {
            return response;
        }
        response.head_mut().set_connection_type(ConnectionType::Close);
        response.map_body(|_, body| BoxBody::new(HoldsRequestBody { body, _unread: unread }))
    }
}

impl Unread {
    /// Whether the end has not arrived, as far as the server has read.
    fn is_still_coming(&mut self, context: &mut Context<'_>) -> bool {
        let end = match self {
            Self::Untouched(body) => poll_end(body, context),
            Self::Shared(body) => match body.try_borrow_mut() {
                Ok(mut body) => poll_end(&mut body, context),
                Err(_) => Poll::Pending,
            },
            Self::Broken(_) => Poll::Pending,
            Self::Released => Poll::Ready(Ok(())),
        };
        if matches!(end, Poll::Ready(Err(_))) {
            *self = Self::Broken(Box::new(std::mem::take(self)));
        }
        end.is_pending() || matches!(self, Self::Broken(_))
    }
}

/// Reads the bytes that the server has read, up to the end if it has arrived.
fn poll_end(body: &mut Body, context: &mut Context<'_>) -> Poll<Result<(), PayloadError>> {
    // For other payloads, polling could wait for more than has arrived.
    if !matches!(body, Body::H1 { .. }) {
        return Poll::Ready(Ok(()));
    }
    loop {
        match ready!(Pin::new(&mut *body).poll_next(context)) {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Poll::Ready(Err(error)),
            None => return Poll::Ready(Ok(())),
        }
    }
}

/// The body of a refusal, which holds the request's body until it has been sent.
struct HoldsRequestBody {
    body: BoxBody,
    _unread: Unread,
}

impl MessageBody for HoldsRequestBody {
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
