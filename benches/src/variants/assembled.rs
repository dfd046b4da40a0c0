//! The route as a careful user of actix-web secures it with existing crates.
//!
//! Middleware for the bearer token, middleware for the limit, an attribute for the role, and an extractor
//! that validates. The body is not read before the limit has admitted the caller.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpMessage, error, post, test, web};
use actix_web_grants::authorities::AttachAuthorities;
use actix_web_grants::protect;
use actix_web_httpauth::extractors::bearer::BearerAuth;
use actix_web_httpauth::middleware::HttpAuthentication;
use actix_web_validator::{Json, JsonConfig};
use governor::DefaultKeyedRateLimiter;

use super::Limits;
use super::claims::{Claims, Verifier};
use crate::Failure;
use crate::drive::JSON_LIMIT;
use crate::fixture::{Algorithm, Fixture};
use crate::order::{PeerOrder, Receipt};

type Limiter = DefaultKeyedRateLimiter<String>;

#[post("/orders")]
#[protect("admin")]
async fn place_order(order: Json<PeerOrder>) -> web::Json<Receipt> {
    web::Json(order.into_inner().into())
}

async fn authenticate(
    request: ServiceRequest,
    bearer: BearerAuth,
) -> Result<ServiceRequest, (Error, ServiceRequest)> {
    let claims = request
        .app_data::<web::Data<Verifier>>()
        .and_then(|verifier| verifier.verify(bearer.token()));
    let Some(claims) = claims else {
        return Err((error::ErrorUnauthorized("invalid token"), request));
    };
    request.attach(claims.roles.iter().cloned());
    request.extensions_mut().insert(claims);
    Ok(request)
}

async fn throttle(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let admitted =
        match (request.app_data::<web::Data<Limiter>>(), request.extensions().get::<Claims>()) {
            (Some(limiter), Some(claims)) => limiter.check_key(&claims.sub).is_ok(),
            _ => false,
        };
    if admitted { next.call(request).await } else { Err(error::ErrorTooManyRequests("slow down")) }
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
    let verifier = web::Data::new(Verifier::new(fixture, algorithm)?);
    let limiter = web::Data::new(Limiter::keyed(limits.quota()));
    let application = App::new()
        .app_data(verifier)
        .app_data(limiter)
        .app_data(JsonConfig::default().limit(JSON_LIMIT))
        .service(
            web::scope("/api")
                .wrap(from_fn(throttle))
                .wrap(HttpAuthentication::bearer(authenticate))
                .service(place_order),
        );
    Ok(test::init_service(application).await)
}
