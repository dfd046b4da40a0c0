//! The session middleware: it finds the user of a session and stores the user's row in the request's
//! extensions. It stays in place during and after the migration.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use crate::domain::{Store, User};

/// Reads `Authorization: Token …`, or the cookie `session`.
///
/// # Errors
///
/// The errors of the wrapped service.
pub async fn find_user(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(user) = user_of(&request) {
        request.extensions_mut().insert(user);
    }
    next.call(request).await
}

fn user_of(request: &ServiceRequest) -> Option<Arc<User>> {
    let store = request.app_data::<web::Data<Store>>()?;
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let cookie = request.cookie("session");
    let session = match (header.and_then(|value| value.strip_prefix("Token ")), &cookie) {
        (Some(token), _) => token,
        (None, Some(cookie)) => cookie.value(),
        (None, None) => return None,
    };
    store.user_of_session(session)
}
