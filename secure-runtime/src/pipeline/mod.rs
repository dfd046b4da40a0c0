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
//! Stages 1 to 5 know neither the handler's type nor the body: [`passage`] is compiled once. A
//! denial at any stage is a value, and [`response`] makes the answer of it in one place.

mod authentication;
mod body;
mod caller;
mod extraction;
mod limits;
mod passage;
mod response;

use actix_web::{FromRequest, Handler, HttpRequest, Responder, web::Payload};

use crate::policy::Endpoint;
use crate::scope::SecuredResponse;
use crate::validation::Violations;
use passage::Passage;

/// Serves one request of an endpoint without validated parameters.
pub async fn serve<H, Args>(
    endpoint: &'static Endpoint,
    request: HttpRequest,
    payload: Payload,
    handler: H,
) -> SecuredResponse
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder,
{
    let (passage, mut payload) = match Passage::open(endpoint, &request, payload).await {
        Ok(open) => open,
        Err(refused) => return refused,
    };
    let arguments = Args::from_request(&request, &mut payload);
    match extraction::in_time(arguments, passage.body_timeout()).await {
        Ok(arguments) => passage.finish(handler.call(arguments).await.respond_to(&request)),
        Err(failure) => passage.refuse_arguments(failure),
    }
}

/// Serves one request of an endpoint whose arguments are validated.
pub async fn serve_validated<H, Args>(
    endpoint: &'static Endpoint,
    request: HttpRequest,
    payload: Payload,
    handler: H,
    validate: fn(&Args, &mut Violations),
) -> SecuredResponse
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder,
{
    let (passage, mut payload) = match Passage::open(endpoint, &request, payload).await {
        Ok(open) => open,
        Err(refused) => return refused,
    };
    let arguments = Args::from_request(&request, &mut payload);
    let arguments = match extraction::in_time(arguments, passage.body_timeout()).await {
        Ok(arguments) => arguments,
        Err(failure) => return passage.refuse_arguments(failure),
    };
    let mut violations = Violations::default();
    validate(&arguments, &mut violations);
    match violations.verdict() {
        Ok(()) => passage.finish(handler.call(arguments).await.respond_to(&request)),
        Err(denial) => passage.refuse(denial),
    }
}
