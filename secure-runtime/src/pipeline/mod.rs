//! The order of the stages: the only module that knows it.
//!
//! 1. the client's address (trusted proxies)
//! 2. limits that need no caller
//! 3. authentication
//! 4. rules about the caller
//! 5. limits by caller
//! 6. the arguments, within `content_type`, `max_body` and the time a body may take
//! 7. validation
//! 8. the handler
//! 9. the response's own fields
//!
//! Stages 1 to 5 ([`admission`]) know neither the handler's type nor the body, and are compiled
//! once. A denial at any stage is a value, and [`response`] makes the answer of it in one place.

mod admission;
mod authentication;
mod body;
mod caller;
mod extraction;
mod limits;
mod passage;
mod response;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::{FromRequest, Handler, HttpRequest, Responder, web::Payload};
use pin_project_lite::pin_project;

use crate::policy::Endpoint;
use crate::scope::SecuredResponse;
use crate::validation::Violations;
use passage::Passage;

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
    Serve { passage, handler, validate, stage: Stage::Admission }
}

pin_project! {
    /// One request on its way through the stages.
    ///
    /// Written by hand and small: it is what the compiler makes anew for every handler. What needs
    /// no more than the types of the arguments is made once for all handlers that share them.
    #[must_use = "nothing is served before it is awaited"]
    struct Serve<H: Handler<Args>, Args: FromRequest> {
        passage: Passage,
        handler: H,
        validate: fn(&Args, &mut Violations),
        #[pin]
        stage: Stage<Args::Future, H::Future>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<A, R> {
        Admission,
        Extraction { #[pin] arguments: A },
        Handling { #[pin] response: R },
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
            match this.stage.as_mut().project() {
                StageProjection::Admission => {
                    match ready!(this.passage.poll_extraction::<Args>(context)) {
                        Ok(arguments) => this.stage.set(Stage::Extraction { arguments }),
                        Err(refused) => return Poll::Ready(*refused),
                    }
                }
                StageProjection::Extraction { arguments } => {
                    match ready!(this.passage.poll_arguments(arguments, *this.validate, context)) {
                        Ok(arguments) => {
                            let response = this.handler.call(arguments);
                            this.stage.set(Stage::Handling { response });
                        }
                        Err(refused) => return Poll::Ready(*refused),
                    }
                }
                StageProjection::Handling { response } => {
                    let output = ready!(response.poll(context));
                    let response = output.respond_to(this.passage.request());
                    return Poll::Ready(this.passage.finish(response.map_into_boxed_body()));
                }
            }
        }
    }
}
