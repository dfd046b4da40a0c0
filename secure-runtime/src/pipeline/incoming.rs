//! A request as actix-web passes it to a secured handler, before any stage has run.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload as Body;
use actix_web::{FromRequest, HttpRequest};

/// The request, with its body unread.
pub struct Incoming {
    pub(super) request: HttpRequest,
    pub(super) body: Body,
    /// Whether it is passed to a scope policy, before it reaches the endpoint.
    pub(super) is_scope_policy: bool,
}

impl Incoming {
    pub(crate) fn new(request: HttpRequest, body: Body) -> Self {
        Self { request, body, is_scope_policy: false }
    }

    /// For a scope policy, which does not get the body.
    pub(super) fn for_scope_policy(request: HttpRequest) -> Self {
        Self { request, body: Body::None, is_scope_policy: true }
    }

    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }
}

impl FromRequest for Incoming {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, body: &mut Body) -> Self::Future {
        ready(Ok(Self::new(request.clone(), body.take())))
    }
}

crate::support::opaque_debug!(Incoming);
