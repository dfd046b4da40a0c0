//! A request on its way to a secured handler.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload as Body;
use actix_web::{FromRequest, HttpRequest};

/// What actix-web hands to a secured handler: the request, and its body untouched.
pub struct Incoming {
    pub(super) request: HttpRequest,
    pub(super) body: Body,
    /// Whether it is handed to the policy of a scope, on the way to an endpoint.
    pub(super) is_scope_policy: bool,
}

impl Incoming {
    pub(crate) fn new(request: HttpRequest, body: Body) -> Self {
        Self { request, body, is_scope_policy: false }
    }

    /// For the policy of a scope, which does not see the body.
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
