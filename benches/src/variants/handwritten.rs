//! The route with all checks in its handler, in the cheapest order.

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, Service, ServiceResponse};
use actix_web::http::header;
use actix_web::{App, Error, FromRequest, HttpRequest, error, post, test, web};
use governor::DefaultKeyedRateLimiter;
use validator::Validate;

use super::Limits;
use super::claims::Verifier;
use crate::Failure;
use crate::drive::JSON_LIMIT;
use crate::fixture::{Algorithm, Fixture};
use crate::order::{NewOrder, Receipt};

struct Guard {
    verifier: Verifier,
    limiter: DefaultKeyedRateLimiter<String>,
}

#[post("/orders")]
async fn place_order(
    request: HttpRequest,
    payload: web::Payload,
    guard: web::Data<Guard>,
) -> Result<web::Json<Receipt>, Error> {
    let claims = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(|token| guard.verifier.verify(token))
        .ok_or_else(|| error::ErrorUnauthorized("invalid token"))?;
    if !claims.roles.iter().any(|role| role == "admin") {
        return Err(error::ErrorForbidden("not an admin"));
    }
    if guard.limiter.check_key(&claims.sub).is_err() {
        return Err(error::ErrorTooManyRequests("slow down"));
    }
    let mut payload: Payload = payload.into_inner();
    let order = web::Json::<NewOrder>::from_request(&request, &mut payload).await?.into_inner();
    order.validate().map_err(error::ErrorBadRequest)?;
    Ok(web::Json(order.into()))
}

/// The application.
///
/// # Errors
///
/// When the key cannot be read.
pub async fn application(
    fixture: &Fixture,
    algorithm: Algorithm,
    limits: Limits,
) -> Result<
    impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error>,
    Failure,
> {
    let guard = web::Data::new(Guard {
        verifier: Verifier::new(fixture, algorithm)?,
        limiter: DefaultKeyedRateLimiter::keyed(limits.quota()),
    });
    let application = App::new()
        .app_data(guard)
        .app_data(web::JsonConfig::default().limit(JSON_LIMIT))
        .service(web::scope("/api").service(place_order));
    Ok(test::init_service(application).await)
}
