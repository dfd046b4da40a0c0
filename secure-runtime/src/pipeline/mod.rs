//! The order of the stages: the only module that knows it.
//!
//! 1. the client's address (trusted proxies), where a later stage asks for it
//! 2. limits that need no caller
//! 3. authentication
//! 4. rules about the caller, then how and when the caller signed in
//! 5. limits by caller
//! 6. the arguments, within `content_type`, `max_body` and the time a body may take
//! 7. validation
//! 8. rules about the arguments
//! 9. the handler
//! 10. the response's own fields
//!
//! Stages 1 to 5 ([`admission`]) know neither the handler's type nor the body, and are compiled
//! once. A denial at any stage is a value, and [`response`] makes the answer of it in one place.

mod admission;
mod authentication;
mod body;
mod caller;
mod extraction;
mod limit_fields;
mod limits;
mod passage;
mod response;
mod ruled;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::{FromRequest, Handler, HttpRequest, Responder, web::Payload};
use pin_project_lite::pin_project;

use crate::policy::Endpoint;
use crate::scope::SecuredResponse;
use crate::validation::Violations;
pub(crate) use caller::claim_grant;
use passage::Passage;
pub use ruled::{Asked, serve_ruled};

/// Serves one request of an endpoint without validated parameters.
pub fn serve<H, Args>(
    endpoint: &'static Endpoint,
    request: HttpRequest,
    payload: Payload,
    handler: H,
) -> impl Future<Output = SecuredResponse>
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder,
{
    serve_validated(endpoint, request, payload, handler, |_, _| {})
}

/// Serves one request of an endpoint whose arguments are validated.
pub fn serve_validated<H, Args>(
    endpoint: &'static Endpoint,
    request: HttpRequest,
    payload: Payload,
    handler: H,
    validate: fn(&Args, &mut Violations),
) -> impl Future<Output = SecuredResponse>
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder,
{
    let passage = Passage::new(endpoint, request, payload);
    let arrival = Arrival { passage, validate, arguments: None };
    Serve { arrival, handler, response: None }
}

pin_project! {
    /// One request on its way through the stages.
    ///
    /// Written by hand and small: it is what the compiler makes anew for every handler.
    #[must_use = "nothing is served before it is awaited"]
    struct Serve<H: Handler<Args>, Args: FromRequest> {
        #[pin]
        arrival: Arrival<Args, Args::Future>,
        handler: H,
        #[pin]
        response: Option<H::Future>,
    }
}

impl<H, Args> Future for Serve<H, Args>
where
    H: Handler<Args>,
    Args: FromRequest,
    H::Output: Responder,
{
    type Output = SecuredResponse;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<SecuredResponse> {
        let mut this = self.project();
        loop {
            if let Some(response) = this.response.as_mut().as_pin_mut() {
                let output = ready!(response.poll(context));
                let passage = this.arrival.project().passage;
                let mut response = output.respond_to(passage.request()).map_into_boxed_body();
                passage.finish(&mut response);
                return Poll::Ready(SecuredResponse::new(response));
            }
            match ready!(this.arrival.as_mut().poll(context)) {
                Ok(arguments) => this.response.set(Some(this.handler.call(arguments))),
                Err(refused) => return Poll::Ready(*refused),
            }
        }
    }
}

pin_project! {
    /// The stages before the handler: made once for all handlers that share their arguments.
    struct Arrival<Args, Extraction> {
        passage: Passage,
        validate: fn(&Args, &mut Violations),
        #[pin]
        arguments: Option<Extraction>,
    }
}

impl<Args: FromRequest> Arrival<Args, Args::Future> {
    /// The valid arguments of an admitted request, or the response of a refusal.
    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Args, Box<SecuredResponse>>> {
        let mut this = self.project();
        let arguments = loop {
            if let Some(arguments) = this.arguments.as_mut().as_pin_mut() {
                break arguments.poll(context);
            }
            ready!(this.passage.poll_admission(context))?;
            let (request, body) = this.passage.request_and_body();
            this.arguments.set(Some(Args::from_request(request, body)));
        };
        let arguments = match arguments {
            Poll::Ready(Ok(arguments)) => arguments,
            Poll::Ready(Err(error)) => {
                return Poll::Ready(Err(this.passage.refuse_arguments(&error.into())));
            }
            Poll::Pending => return this.passage.poll_deadline(context).map(Err),
        };
        let mut violations = Violations::default();
        (this.validate)(&arguments, &mut violations);
        Poll::Ready(this.passage.check_violations(violations).map(|()| arguments))
    }
}
