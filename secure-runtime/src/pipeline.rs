//! The order of the stages.

use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, web::Payload};

use crate::policy::Endpoint;
use crate::scope::SecuredResponse;
use crate::validation::Violations;

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
    serve_validated(endpoint, request, payload, handler, |_, _| {}).await
}

/// Serves one request of an endpoint whose arguments are validated.
pub async fn serve_validated<H, Args>(
    _endpoint: &'static Endpoint,
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
    let mut payload = payload.into_inner();
    let Ok(arguments) = Args::from_request(&request, &mut payload).await else {
        return SecuredResponse::new(HttpResponse::BadRequest().finish());
    };
    validate(&arguments, &mut Violations::default());
    let output = handler.call(arguments).await;
    SecuredResponse::new(output.respond_to(&request).map_into_boxed_body())
}
