//! Requests without a network, sent and answered one after the other on one thread, so that memory is
//! allocated and freed as in a server.

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use actix_web::{Error, test::TestRequest};

use crate::Failure;
use crate::order::NewOrder;

/// The largest body that the applications read.
pub const JSON_LIMIT: usize = 256 * 1024;

/// The body of the ordinary request.
pub const SMALL_NOTE: usize = 40;

/// A note that makes the body 64 KiB.
pub const LARGE_NOTE: usize = 64 * 1024;

/// The body of a valid order.
///
/// # Errors
///
/// When it cannot be written as JSON.
pub fn body(note_bytes: usize) -> Result<Bytes, Failure> {
    Ok(serde_json::to_vec(&NewOrder::example(note_bytes))?.into())
}

/// A request as a client library sends it.
#[must_use]
pub fn request(token: Option<&str>, body: &Bytes) -> Request {
    let mut request = TestRequest::post()
        .uri("/api/orders")
        .peer_addr(([192, 0, 2, 7], 40_000).into())
        .insert_header((header::HOST, "shop.example"))
        .insert_header((header::USER_AGENT, "benches/0.1"))
        .insert_header((header::ACCEPT, "application/json"))
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CONTENT_LENGTH, body.len()))
        .set_payload(body.clone());
    if let Some(token) = token {
        request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
    }
    request.to_request()
}

/// A request about an object.
#[must_use]
pub fn request_for_object(token: &str) -> Request {
    TestRequest::get()
        .uri("/api/orders/7")
        .peer_addr(([192, 0, 2, 7], 40_000).into())
        .insert_header((header::HOST, "shop.example"))
        .insert_header((header::AUTHORIZATION, format!("Bearer {token}")))
        .to_request()
}

/// Sends one request; an error of a middleware counts as the response that it becomes.
pub async fn status<S, B>(service: &S, request: Request) -> StatusCode
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    match service.call(request).await {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    }
}

/// Sends all requests; each must be answered with the status `expected`.
///
/// # Errors
///
/// When a response has another status.
pub async fn drive<S, B>(
    service: &S,
    requests: impl Iterator<Item = Request>,
    expected: StatusCode,
) -> Result<(), Failure>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    for request in requests {
        let status = status(service, request).await;
        if status != expected {
            return Err(format!("answered {status}, expected {expected}").into());
        }
    }
    Ok(())
}
