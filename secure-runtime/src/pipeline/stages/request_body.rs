//! A request's body, as the pipeline holds it until the request is answered.

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

/// A request's body, kept until a refusal has been sent.
///
/// The server reads a chunked body that nobody holds any more to its end, to reuse the connection;
/// the body of a refused request may never end. While it is held, the server closes instead.
pub(in crate::pipeline) struct RequestBody {
    /// As the handler's extractors see it: none before it is opened.
    pub(super) opened: Body,
    pub(super) unread: Unread,
    /// Of a WebSocket: how long it may go on.
    pub(super) lifetime: Option<Rc<Lifetime>>,
    /// Whether a refusal was kept back.
    was_delayed: bool,
}

#[derive(Default)]
pub(super) enum Unread {
    /// The body is not open yet.
    Untouched(Body),
    /// It is open and of unknown length, so that its reader shares it.
    Shared(Rc<RefCell<Body>>),
    /// What came of it cannot be decoded, so that it has no end that could be found.
    Broken(#[expect(dead_code, reason = "held for when it is dropped")] Box<Unread>),
    /// It is open and of known length: the server closes by itself if not all of it was read.
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

    /// What extractors read.
    pub(in crate::pipeline) fn opened(&mut self) -> &mut Body {
        &mut self.opened
    }

    /// Of a WebSocket: how long it may go on.
    pub(in crate::pipeline) fn lifetime(&self) -> Option<Rc<Lifetime>> {
        self.lifetime.clone()
    }

    /// Ends the reading of a body, as the request is refused.
    pub(in crate::pipeline) fn refuse(&mut self) {
        self.opened = Body::None;
    }

    /// Looks, once, whether all of a refused request's body is there. The server has read the head alone when
    /// it first asks for the response; what came along it takes in before it asks again.
    fn poll_end(&mut self, request: &HttpRequest, context: &mut Context<'_>) -> Poll<()> {
        let mut unread = std::mem::take(&mut self.unread);
        let is_coming = unread.is_still_coming(context);
        if is_coming && is_chunked(request) {
            self.unread = unread;
        }
        if is_coming { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Keeps the response of a refusal back, once, where the server has not read all of the body yet. One
    /// that came along with its head it takes in meanwhile, and the connection, which it closes on a body
    /// that is still coming, stays.
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

    /// The response of a refusal after that turn.
    pub(in crate::pipeline) async fn send_refusal(
        mut self,
        request: &HttpRequest,
        refused: SecuredResponse,
    ) -> SecuredResponse {
        poll_fn(|context| self.poll_delay(request, context)).await;
        let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        refused.map(|response| self.hold_request_body(response, &mut Context::from_waker(&waker)))
    }

    /// The response of a refusal, holding the body if its end has not come.
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
    /// Whether the end is still to come, as far as the server has read.
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

/// Takes in what the server has read, to the end if that is there.
fn poll_end(body: &mut Body, context: &mut Context<'_>) -> Poll<Result<(), PayloadError>> {
    // Of no other kind is only there what was read already.
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

/// The body of a refusal, holding the request's body until it has been sent.
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
