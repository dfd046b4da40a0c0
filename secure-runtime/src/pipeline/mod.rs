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

use std::pin::pin;
use std::task::Context;

use actix_web::{FromRequest, Handler, HttpRequest, Responder, web::Payload};

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
///
/// Compiled for every handler, so it holds only what needs the types of the handler.
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
    let (mut passage, mut body) = match Passage::open(endpoint, &request, payload).await {
        Ok(open) => open,
        Err(refused) => return *refused,
    };
    let mut arguments = pin!(Args::from_request(&request, &mut body));
    let mut extracted = None;
    let mut extract = |context: &mut Context<'_>| {
        arguments.as_mut().poll(context).map(|outcome| extracted = Some(outcome))
    };
    extraction::in_time(&mut extract, passage.body_timeout()).await;
    let arguments = match extracted {
        Some(Ok(arguments)) => arguments,
        Some(Err(error)) => return passage.refuse_arguments(Some(error.into())),
        None => return passage.refuse_arguments(None),
    };
    let mut violations = Violations::default();
    validate(&arguments, &mut violations);
    if let Some(refused) = passage.refuse_violations(violations) {
        return refused;
    }
    let response = handler.call(arguments).await.respond_to(&request);
    passage.finish(response.map_into_boxed_body())
}
