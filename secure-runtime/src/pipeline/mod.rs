//! The order of the stages: the only module that knows it.
//!
//! 1. the client's address (trusted proxies), where a later stage asks for it
//! 2. the bound on all requests, bans for failures, and limits that need no caller
//! 3. authentication
//! 4. rules about the caller, then how and when the caller signed in
//! 5. requests at once, for which a request may have to wait, and limits by caller
//! 6. the arguments, within `content_type`, `max_body` and the time a body may take
//! 7. validation, and limits whose cost the arguments say
//! 8. rules about the arguments
//! 9. the handler
//! 10. what the response says it cost, and its own fields
//!
//! Stages 1 to 5 ([`admission`]) know neither the handler's type nor the body, and are compiled
//! once. A denial at any stage is a value, and [`response`] makes the answer of it in one place.

mod admission;
mod at_once;
mod authentication;
mod body;
mod caller;
mod claimed_account;
mod counted_body;
mod counting;
mod extraction;
mod failures;
mod ledger;
mod limit_fields;
mod limit_keys;
mod limits;
mod observed;
mod open_limits;
mod panics;
mod passage;
mod response;
mod ruled;
#[cfg(feature = "redis")]
mod shared_costs;
mod shared_keys;
#[cfg(feature = "redis")]
mod shared_limits;

use std::convert::Infallible;
use std::future::{Ready, pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::dev::Payload as Body;
use actix_web::{FromRequest, Handler, HttpRequest, Responder};
use pin_project_lite::pin_project;

use crate::inventory;
use crate::policy::Written;
use crate::scope::SecuredResponse;
use crate::validation::{Costs, Violations};
pub(crate) use caller::claim_grant;
pub use claimed_account::claim_account;
pub(crate) use extraction::unfit_path;
pub(crate) use panics::{caught, poll_caught};
use passage::Passage;
pub use ruled::serve_ruled;

/// What actix-web hands to a secured handler: the request, and its body untouched.
pub struct Incoming {
    request: HttpRequest,
    body: Body,
}

impl FromRequest for Incoming {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, body: &mut Body) -> Self::Future {
        ready(Ok(Self { request: request.clone(), body: body.take() }))
    }
}

/// What validates the arguments of a handler.
type Validate<Args> = fn(&Args, &mut Violations);

/// A request that begins its way to an endpoint with these arguments.
pub fn arrive<Args: FromRequest>(
    endpoint: &'static Written,
    incoming: Incoming,
    validate: Validate<Args>,
) -> Arrival<Args> {
    let passage = Passage::new(inventory::endpoint(endpoint), incoming);
    Arrival { passage, validate, extraction: None, unpaid: None, refused: None }
}

/// The answer to one request, on its way.
///
/// Its type says nothing of the handler: what the compiler has to know of a future, it finds out once
/// for all of them.
#[must_use = "nothing is served before it is awaited"]
pub struct Served(Pin<Box<dyn Future<Output = SecuredResponse>>>);

impl Future for Served {
    type Output = SecuredResponse;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<SecuredResponse> {
        self.0.as_mut().poll(context)
    }
}

/// What never answers: the rest of a handler whose policy has mistakes.
pub fn never() -> Served {
    Served(Box::pin(pending()))
}

/// Serves it, with the user's function at the end of its way.
pub fn serve<H, Args>(arrival: Arrival<Args>, handler: H) -> Served
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder,
{
    Served(Box::pin(Serve { answer: None, handler, arrival }))
}

pin_project! {
    /// One request on its way through the stages.
    struct Serve<H: Handler<Args>, Args: FromRequest> {
        // It ends before what counts it among the requests that are being served.
        #[pin]
        answer: Option<H::Future>,
        handler: H,
        #[pin]
        arrival: Arrival<Args>,
    }
}

impl<H: Handler<Args>, Args: FromRequest> Future for Serve<H, Args>
where
    H::Output: Responder,
{
    type Output = SecuredResponse;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<SecuredResponse> {
        let mut this = self.project();
        loop {
            if let Some(answer) = this.answer.as_mut().as_pin_mut() {
                return this.arrival.finish(answer.poll(context));
            }
            match this.arrival.as_mut().poll(context) {
                Ok(arguments) => this.answer.set(Some(this.handler.call(arguments))),
                Err(not_yet) => return not_yet,
            }
        }
    }
}

pin_project! {
    /// The stages before the handler: made once for all handlers that share their arguments.
    pub struct Arrival<Args: FromRequest> {
        passage: Passage,
        validate: Validate<Args>,
        #[pin]
        extraction: Option<Args::Future>,
        // Arguments whose cost is asked of a store.
        unpaid: Option<Box<(Args, Costs)>>,
        refused: Option<Box<SecuredResponse>>,
    }
}

impl<Args: FromRequest> Arrival<Args> {
    /// The valid arguments of an admitted request; else the response of a refusal, once there is
    /// one.
    #[expect(clippy::result_large_err, reason = "every handler's future returns it as it is")]
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Result<Args, Poll<SecuredResponse>> {
        if let Some(refused) = self.as_mut().project().refused.take() {
            return Err(Poll::Ready(*refused));
        }
        match self.as_mut().poll_arguments(context) {
            Poll::Ready(Ok(arguments)) => Ok(arguments),
            Poll::Ready(Err(refused)) => {
                let this = self.project();
                if this.passage.poll_turn(context).is_ready() {
                    return Err(Poll::Ready(*refused));
                }
                *this.refused = Some(refused);
                Err(Poll::Pending)
            }
            Poll::Pending => Err(Poll::Pending),
        }
    }

    fn poll_arguments(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Args, Box<SecuredResponse>>> {
        let mut this = self.project();
        if let Some(unpaid) = this.unpaid.take() {
            let paid = this.passage.poll_settle(&unpaid.1, context);
            if paid.is_pending() {
                *this.unpaid = Some(unpaid);
                return Poll::Pending;
            }
            return paid.map_ok(|()| unpaid.0);
        }
        let arguments = loop {
            if let Some(extraction) = this.extraction.as_mut().as_pin_mut() {
                break poll_caught("an extractor", || extraction.poll(context));
            }
            ready!(this.passage.poll_admission(context))?;
            let (request, body) = this.passage.request_and_body();
            match caught("an extractor", || Args::from_request(request, body)) {
                Ok(extraction) => this.extraction.set(Some(extraction)),
                Err(denial) => return Poll::Ready(Err(Box::new(this.passage.refuse(denial)))),
            }
        };
        let arguments = match arguments {
            Poll::Ready(Ok(arguments)) => arguments,
            Poll::Ready(Err(error)) => {
                return Poll::Ready(Err(this.passage.refuse_arguments(&error)));
            }
            Poll::Pending => return this.passage.poll_deadline(context).map(Err),
        };
        let mut violations = this.passage.violations();
        (this.validate)(&arguments, &mut violations);
        let costs = this.passage.check_violations(violations)?;
        if costs.is_empty() {
            return Poll::Ready(Ok(arguments));
        }
        match this.passage.poll_settle(&costs, context) {
            Poll::Ready(paid) => Poll::Ready(paid.map(|()| arguments)),
            Poll::Pending => {
                *this.unpaid = Some(Box::new((arguments, costs)));
                Poll::Pending
            }
        }
    }

    /// The handler has answered, or will.
    fn finish(self: Pin<&mut Self>, output: Poll<impl Responder>) -> Poll<SecuredResponse> {
        let passage = self.project().passage;
        let mut response = ready!(output).respond_to(passage.request()).map_into_boxed_body();
        passage.finish(&mut response);
        Poll::Ready(SecuredResponse::new(response))
    }
}
