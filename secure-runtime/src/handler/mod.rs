//! Tells secured handlers without a route attribute apart from other functions, by their type.
//!
//! The type of a function cannot be named, so it cannot carry a marker, as handlers with a route
//! attribute do. But an expanded handler is a function for *every* lifetime of [`Routed`] that
//! returns [`Served`]. A closure accepts only one lifetime, unless the type of its parameter is
//! written out, and no code outside of this crate can name that type without naming `__private`. A
//! function that awaits a secured handler does not return [`Served`].

pub(crate) mod argument_checks;
pub(crate) mod body_type;
pub(crate) mod typed_names;

use std::convert::Infallible;
use std::future::Ready;
use std::marker::PhantomData;
pub use typed_names::{NameKind, TypedNames};

use actix_web::{FromRequest, HttpRequest, Responder, dev};

use crate::pipeline::{Incoming, SecuredResponse, Served, never};

/// The request, as the parameter of a secured handler.
pub struct Routed<'a>(pub Incoming, PhantomData<&'a ()>);

impl Routed<'_> {
    pub(crate) fn new(incoming: Incoming) -> Self {
        Self(incoming, PhantomData)
    }
}

impl FromRequest for Routed<'_> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, body: &mut dev::Payload) -> Self::Future {
        let incoming = Incoming::from_request(request, body).into_inner();
        std::future::ready(incoming.map(Self::new))
    }
}

/// The output of a secured handler of the type `F`, a bound of
/// [`RouteBuilder::to`](crate::RouteBuilder::to). It cannot be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "this handler has no security policy",
    label = "the handler is not annotated with `#[secure(...)]`",
    note = "put `#[secure(...)]` above the function; `#[secure(public)]` makes it public on purpose",
    note = "a closure around a secured handler has no policy: it would run before the handler's"
)]
pub trait SecuredOutput<F>: Responder + sealed::Output {
    /// Passes a request to the handler. The default never answers.
    #[doc(hidden)]
    fn serve(_: &F, _: Routed<'_>) -> Served {
        never()
    }
}

#[diagnostic::do_not_recommend]
impl<F: for<'a> SecuredHandler<Routed<'a>>> SecuredOutput<F> for SecuredResponse {
    fn serve(handler: &F, request: Routed<'_>) -> Served {
        handler.serve(request)
    }
}

/// A function that only passes a request to the pipeline.
pub trait SecuredHandler<Request> {
    fn serve(&self, request: Request) -> Served;
}

#[diagnostic::do_not_recommend]
impl<F: Fn(Request) -> Served, Request> SecuredHandler<Request> for F {
    fn serve(&self, request: Request) -> Served {
        self(request)
    }
}

mod sealed {
    pub trait Output {}

    impl Output for crate::pipeline::SecuredResponse {}
}

crate::support::opaque_debug!(Routed<'_>);
